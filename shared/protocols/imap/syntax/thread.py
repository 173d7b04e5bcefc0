"""THREAD and UID THREAD (RFC 5256)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search import charset
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.tokens import Arguments


class Algorithm(StrEnum):
    ORDERED_SUBJECT = "ORDEREDSUBJECT"
    REFERENCES = "REFERENCES"


class Thread(NamedTuple):
    """Thread the messages that fit ``key``."""

    uid: bool
    algorithm: Algorithm
    key: Key


def parse(arguments: Arguments) -> Thread:
    """``SP algorithm SP charset 1*(SP search-key)``."""
    arguments.space()
    try:
        algorithm = Algorithm(arguments.keyword())
    except ValueError:
        raise ParseError("Unknown threading algorithm") from None
    arguments.space()
    charset(arguments)
    arguments.space()
    return Thread(arguments.uid, algorithm, Criteria(arguments).read())
