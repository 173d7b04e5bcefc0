"""``NOOP [tag]`` (RFC 5804 section 2.13)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.protocols.managesieve.arguments import count, octets
from shared.protocols.managesieve.tokens import Token


def parse(arguments: Sequence[Token]) -> bytes | None:
    """What is to be given back."""
    count(arguments, 0, 1)
    return octets(arguments[0]) if arguments else None
