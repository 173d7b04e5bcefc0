"""LISTRIGHTS (RFC 4314 section 3.4)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.identifier import prepared
from shared.protocols.imap.tokens import Arguments


class ListRights(NamedTuple):
    """Tell what an identifier can be given; the answer calls it as it is ``written``."""

    mailbox: str
    identifier: str
    written: str


def parse(arguments: Arguments) -> ListRights:
    """``mailbox SP identifier``."""
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    written = arguments.astring_text()
    return ListRights(name, prepared(written), written)
