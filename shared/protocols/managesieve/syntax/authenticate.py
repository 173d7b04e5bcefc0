"""``AUTHENTICATE mechanism [initial-response]`` (RFC 5804 section 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.protocols.managesieve.arguments import count, octets, text
from shared.protocols.managesieve.tokens import Token


class Authenticate(NamedTuple):
    """``initial`` is still base64; None when there was none."""

    mechanism: str  # upper case
    initial: bytes | None

    def __repr__(self) -> str:
        return f"Authenticate(mechanism={self.mechanism!r}, initial={'...' if self.initial else self.initial!r})"


def parse(arguments: Sequence[Token]) -> Authenticate:
    count(arguments, 1, 2)
    return Authenticate(text(arguments[0]).upper(), octets(arguments[1]) if len(arguments) == 2 else None)
