"""COMPRESS (RFC 4978)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Compress(NamedTuple):
    algorithm: str  # upper case


def parse(arguments: Arguments) -> Compress:
    """``SP algorithm``."""
    arguments.space()
    return Compress(arguments.keyword())
