"""APPEND (RFC 3501 section 6.3.11)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.dates import date_time
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class Append(NamedTuple):
    """One message for a mailbox. ``date`` is in Unix seconds, None for now.

    ``message`` is None when it follows as chunks; ``synchronising`` then tells that the client waits for "+".
    """

    mailbox: str
    flags: tuple[str, ...]
    date: int | None
    size: int  # octets
    message: bytes | None = None
    synchronising: bool = False


def parse(arguments: Arguments) -> Append:
    """``mailbox [SP flag-list] [SP date-time] SP literal``, the literal's octets not included.

    The core reads the message; here ``arguments`` ends with its announcement.
    """
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    flags: tuple[str, ...] = ()
    date: int | None = None
    if arguments.peek() == b"(":
        flags = arguments.flag_list()
        arguments.space()
    if arguments.peek() == b'"':
        date = date_time(arguments)
        arguments.space()
    size, synchronising = arguments.announcement()
    return Append(name, flags, date, size, synchronising=synchronising)
