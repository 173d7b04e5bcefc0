"""ENABLE (RFC 5161)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.tokens import Arguments


class Enable(NamedTuple):
    """Capabilities to switch on, in upper case; unknown ones are to be ignored."""

    capabilities: tuple[str, ...]


def parse(arguments: Arguments) -> Enable:
    """``1*(SP capability)``."""
    names: list[str] = []
    while not names or not arguments.at_end():
        arguments.space()
        names.append(arguments.keyword())
    return Enable(tuple(dict.fromkeys(names)))
