"""SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2) with CONDSTORE (RFC 7162 section 3.1.8)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class Select(NamedTuple):
    """Open ``mailbox``; EXAMINE opens it not ``writable``."""

    mailbox: str
    writable: bool
    condstore: bool = False


def parse(arguments: Arguments) -> Select:
    """SELECT ``mailbox [SP "(" select-param *(SP select-param) ")"]``."""
    return _parse(arguments, True)


def parse_examine(arguments: Arguments) -> Select:
    """EXAMINE, with the same arguments."""
    return _parse(arguments, False)


def _parse(arguments: Arguments, writable: bool) -> Select:
    arguments.space()
    name = mailbox(arguments)
    condstore = False
    if not arguments.at_end():
        arguments.space()
        for parameter in arguments.items(Arguments.keyword):
            if parameter != "CONDSTORE":
                raise ParseError("Unknown parameter")
            condstore = True
    return Select(name, writable, condstore)
