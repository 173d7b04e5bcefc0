"""LOGOUT (RFC 3501 section 6.1.3)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Logout(NamedTuple):
    """Say BYE and close."""


def parse(arguments: Arguments) -> Logout:
    """LOGOUT takes no arguments."""
    return Logout()
