"""CAPABILITY (RFC 3501 section 6.1.1)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Capability(NamedTuple):
    """List what the server can do."""


def parse(arguments: Arguments) -> Capability:
    """CAPABILITY takes no arguments."""
    return Capability()
