"""RSET (RFC 5321 section 4.1.1.5): forget the transaction."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp import arguments


class Rset(NamedTuple):
    pass


def parse(argument: bytes) -> Rset:
    arguments.none(argument)
    return Rset()
