"""COPY and UID COPY (RFC 3501 section 6.4.7)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.tokens import Arguments


class Copy(NamedTuple):
    """Copy the messages in ``numbers`` (UIDs when ``uid``) to ``mailbox``."""

    uid: bool
    numbers: SequenceSet
    mailbox: str


def parse(arguments: Arguments) -> Copy:
    """``sequence-set SP mailbox``."""
    arguments.space()
    numbers = arguments.sequence_set()
    arguments.space()
    return Copy(arguments.uid, numbers, mailbox(arguments))
