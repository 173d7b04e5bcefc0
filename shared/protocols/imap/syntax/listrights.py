"""LISTRIGHTS (RFC 4314 section 3.4)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class ListRights(NamedTuple):
    """Tell what an identifier can be given."""

    mailbox: str
    identifier: str


def parse(arguments: Arguments) -> ListRights:
    """``mailbox SP identifier``."""
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    return ListRights(name, arguments.astring_text())
