"""NAMESPACE (RFC 2342)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Namespace(NamedTuple):
    """Where mailboxes live."""


def parse(arguments: Arguments) -> Namespace:
    """NAMESPACE takes no arguments."""
    return Namespace()
