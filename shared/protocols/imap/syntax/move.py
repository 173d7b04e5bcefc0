"""MOVE and UID MOVE (RFC 6851)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.tokens import Arguments


class Move(NamedTuple):
    """Move the messages in ``numbers`` (UIDs when ``uid``) to ``mailbox``."""

    uid: bool
    numbers: SequenceSet
    mailbox: str


def parse(arguments: Arguments) -> Move:
    """``sequence-set SP mailbox``."""
    arguments.space()
    numbers = arguments.sequence_set()
    arguments.space()
    return Move(arguments.uid, numbers, mailbox(arguments))
