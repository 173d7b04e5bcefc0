"""NOOP (RFC 3501 section 6.1.2)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Noop(NamedTuple):
    """Nothing to do but to hear what is new."""


def parse(arguments: Arguments) -> Noop:
    """NOOP takes no arguments."""
    return Noop()
