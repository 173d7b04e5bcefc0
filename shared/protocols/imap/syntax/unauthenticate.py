"""UNAUTHENTICATE (RFC 8437)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Unauthenticate(NamedTuple):
    """Log out and stay."""


def parse(arguments: Arguments) -> Unauthenticate:
    """UNAUTHENTICATE takes no arguments."""
    return Unauthenticate()
