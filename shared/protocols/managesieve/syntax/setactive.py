"""``SETACTIVE name`` (RFC 5804 section 2.8)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.protocols.managesieve.arguments import count, text
from shared.protocols.managesieve.tokens import Token


def parse(arguments: Sequence[Token]) -> str:
    """The script's name; "" for none."""
    count(arguments, 1)
    return text(arguments[0])
