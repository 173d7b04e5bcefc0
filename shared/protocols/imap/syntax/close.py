"""CLOSE (RFC 3501 section 6.4.2)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Close(NamedTuple):
    """Expunge silently, then leave the mailbox."""


def parse(arguments: Arguments) -> Close:
    """CLOSE takes no arguments."""
    return Close()
