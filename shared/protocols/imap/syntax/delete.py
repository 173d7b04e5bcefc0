"""DELETE (RFC 3501 section 6.3.4)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class Delete(NamedTuple):
    """Remove a mailbox."""

    mailbox: str


def parse(arguments: Arguments) -> Delete:
    """``mailbox``."""
    arguments.space()
    return Delete(mailbox(arguments))
