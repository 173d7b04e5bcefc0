"""NOOP (RFC 5321 section 4.1.1.9): its argument means nothing."""

from __future__ import annotations

from typing import NamedTuple


class Noop(NamedTuple):
    pass


def parse(argument: bytes) -> Noop:
    return Noop()
