"""``HAVESPACE name size`` (RFC 5804 section 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.protocols.managesieve.arguments import count, number, text
from shared.protocols.managesieve.tokens import Token


class HaveSpace(NamedTuple):
    name: str
    size: int  # octets


def parse(arguments: Sequence[Token]) -> HaveSpace:
    count(arguments, 2)
    return HaveSpace(text(arguments[0]), number(arguments[1]))
