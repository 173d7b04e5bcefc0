"""CANCELUPDATE (RFC 5267 section 4.3.5)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class CancelUpdate(NamedTuple):
    """Tell no more of the searches that had these tags."""

    tags: tuple[str, ...]


def parse(arguments: Arguments) -> CancelUpdate:
    """``1*(SP quoted)``."""
    tags: list[str] = []
    while not tags or not arguments.at_end():
        arguments.space()
        tags.append(arguments.string_text())
    return CancelUpdate(tuple(tags))
