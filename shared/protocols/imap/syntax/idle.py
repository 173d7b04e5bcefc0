"""IDLE (RFC 2177)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Idle(NamedTuple):
    """Be told what is new until the line DONE."""


def parse(arguments: Arguments) -> Idle:
    """IDLE takes no arguments."""
    return Idle()
