"""CREATE (RFC 3501 section 6.3.3) with a special use (RFC 6154 section 3)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class Create(NamedTuple):
    """``special_use`` as written ("\\Sent"), each one once."""

    mailbox: str
    special_use: tuple[str, ...] = ()


def parse(arguments: Arguments) -> Create:
    """``mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]``."""
    arguments.space()
    name = mailbox(arguments)
    if arguments.at_end():
        return Create(name)
    arguments.space()
    arguments.open()
    if arguments.keyword() != "USE":
        raise ParseError("Unknown parameter")
    arguments.space()
    uses = arguments.items(Arguments.flag)
    arguments.close()
    return Create(name, tuple(dict.fromkeys(uses)))
