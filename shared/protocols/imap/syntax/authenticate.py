"""AUTHENTICATE (RFC 3501 section 6.2.2) with an initial response (RFC 4959)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Authenticate(NamedTuple):
    """``initial`` is the initial response in base64 as sent; b"" for an empty one ("="), None when absent."""

    mechanism: str  # upper case
    initial: bytes | None = None


def parse(arguments: Arguments) -> Authenticate:
    """``auth-type [SP (base64 / "=")]``."""
    arguments.space()
    mechanism = arguments.keyword()
    if arguments.at_end():
        return Authenticate(mechanism)
    arguments.space()
    initial = arguments.base64()
    return Authenticate(mechanism, b"" if initial == b"=" else initial)
