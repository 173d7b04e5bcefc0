"""QUIT (RFC 5321 section 4.1.1.10): goodbye."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp import arguments


class Quit(NamedTuple):
    pass


def parse(argument: bytes) -> Quit:
    arguments.none(argument)
    return Quit()
