"""STATUS (RFC 3501 section 6.3.10; RFC 7162, RFC 7889, RFC 8438, RFC 8474, RFC 9051, RFC 9208)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments

ITEMS = frozenset(
    {"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "HIGHESTMODSEQ", "SIZE", "DELETED"}
    | {"APPENDLIMIT", "DELETED-STORAGE", "MAILBOXID"}
)


class Status(NamedTuple):
    """Ask for counts of a mailbox. ``items`` are of `ITEMS`, each once, in the order asked."""

    mailbox: str
    items: tuple[str, ...]


def parse(arguments: Arguments) -> Status:
    """``mailbox SP "(" status-att *(SP status-att) ")"``."""
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    return Status(name, items(arguments))


def items(arguments: Arguments) -> tuple[str, ...]:
    """The parenthesised list of status items."""
    names = dict.fromkeys(arguments.items(Arguments.keyword))
    if not names:
        raise ParseError("No status item")
    if not ITEMS.issuperset(names):
        raise ParseError("Unknown status item")
    return tuple(names)
