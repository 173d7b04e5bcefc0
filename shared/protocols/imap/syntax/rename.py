"""RENAME (RFC 3501 section 6.3.5)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class Rename(NamedTuple):
    """Give a mailbox, and its children, another name."""

    mailbox: str
    to: str


def parse(arguments: Arguments) -> Rename:
    """``mailbox SP mailbox``."""
    arguments.space()
    old = mailbox(arguments)
    arguments.space()
    return Rename(old, mailbox(arguments))
