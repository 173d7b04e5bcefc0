"""``CHECKSCRIPT script`` (RFC 5804 section 2.12)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.protocols.managesieve.arguments import count, octets
from shared.protocols.managesieve.tokens import Token


def parse(arguments: Sequence[Token]) -> bytes:
    """The script's text."""
    count(arguments, 1)
    return octets(arguments[0])
