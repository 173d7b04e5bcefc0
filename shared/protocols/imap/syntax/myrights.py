"""MYRIGHTS (RFC 4314 section 3.5)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class MyRights(NamedTuple):
    """Tell what the user may do in a mailbox."""

    mailbox: str


def parse(arguments: Arguments) -> MyRights:
    """``mailbox``."""
    arguments.space()
    return MyRights(mailbox(arguments))
