"""Greylisting: who has come back. Keys are hashes that the front makes, so that nobody's address is kept."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services


class Check(NamedTuple):
    """``keys`` stand for client network, sender and recipient, ``network`` for the network alone.

    A key waits until ``delay`` seconds after it came first; after ``enough`` keys of a network have come back, all of
    its keys pass.
    """

    network: str
    keys: tuple[str, ...]
    delay: int
    enough: int


class Checked(NamedTuple):
    waits: tuple[int, ...]  # seconds, in the order asked; 0 for those that pass


check = Op("greylist.check", Check, Checked, services("smtp"), 8.0, Repeat.SAFE)
