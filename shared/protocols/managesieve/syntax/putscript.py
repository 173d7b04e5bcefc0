"""``PUTSCRIPT name script`` (RFC 5804 section 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.protocols.managesieve.arguments import count, octets, text
from shared.protocols.managesieve.tokens import Token


class PutScript(NamedTuple):
    name: str
    octets: bytes


def parse(arguments: Sequence[Token]) -> PutScript:
    count(arguments, 2)
    return PutScript(text(arguments[0]), octets(arguments[1]))
