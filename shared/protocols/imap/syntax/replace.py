"""REPLACE and UID REPLACE (RFC 8508)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.append import Literal, Message, Place, stretch, target, whole
from shared.protocols.imap.tokens import Arguments


class Replace(NamedTuple):
    """Put one message into ``mailbox`` in place of the one that ``number`` (a UID when ``uid``) names.

    ``messages`` holds one; ``offered`` is as in `Append`.
    """

    uid: bool
    number: SequenceSet
    mailbox: str
    messages: tuple[Message, ...]
    offered: Literal | None = None


def parse(arguments: Arguments) -> Replace:
    """A command without message literals: ``seq-number SP mailbox`` and a message catenated of URLs."""
    number, name = head(arguments)
    return Replace(arguments.uid, number, name, one(whole(stretch(arguments, Place.MESSAGES))))


def head(arguments: Arguments) -> tuple[SequenceSet, str]:
    """``SP seq-number SP mailbox``."""
    arguments.space()
    number = arguments.sequence_set()
    if len(number.ranges) != 1 or number.ranges[0][0] != number.ranges[0][1]:
        raise ParseError("One message number expected")
    return number, target(arguments)


def one(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """``messages``, unless they are several (RFC 8508 section 4.7)."""
    if len(messages) > 1:
        raise ParseError("One message replaces one")
    return messages
