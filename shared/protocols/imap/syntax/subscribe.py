"""SUBSCRIBE and UNSUBSCRIBE (RFC 3501 sections 6.3.6 and 6.3.7)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class Subscribe(NamedTuple):
    """Add a name to the subscriptions, or (not ``subscribed``) take it away."""

    mailbox: str
    subscribed: bool


def parse(arguments: Arguments) -> Subscribe:
    """SUBSCRIBE ``mailbox``."""
    arguments.space()
    return Subscribe(mailbox(arguments), True)


def parse_unsubscribe(arguments: Arguments) -> Subscribe:
    """UNSUBSCRIBE ``mailbox``."""
    arguments.space()
    return Subscribe(mailbox(arguments), False)
