"""STARTTLS (RFC 3501 section 6.2.1)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class StartTls(NamedTuple):
    """Begin TLS after the answer."""


def parse(arguments: Arguments) -> StartTls:
    """STARTTLS takes no arguments."""
    return StartTls()
