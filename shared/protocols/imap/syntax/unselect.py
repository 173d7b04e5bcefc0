"""UNSELECT (RFC 3691)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Unselect(NamedTuple):
    """Close without expunging."""


def parse(arguments: Arguments) -> Unselect:
    """UNSELECT takes no arguments."""
    return Unselect()
