"""SETACL (RFC 4314 section 3.1)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.identifier import prepared
from shared.protocols.imap.tokens import Arguments

RIGHTS = frozenset(b"lrswipkxteacd")  # the last two are obsolete and stand for others (section 2.1.1)


class SetAcl(NamedTuple):
    """Give (``mode`` "+"), take ("-") or replace ("=") the rights of an identifier."""

    mailbox: str
    identifier: str
    mode: str
    rights: str


def parse(arguments: Arguments) -> SetAcl:
    """``mailbox SP identifier SP mod-rights``. An unknown right is an error (section 3.1)."""
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    identifier = prepared(arguments.astring_text())
    arguments.space()
    octets = arguments.astring()
    mode = octets[:1].decode("latin-1") if octets[:1] in (b"+", b"-") else "="
    rights = octets.removeprefix(mode.encode("latin-1"))
    if not RIGHTS.issuperset(rights):
        raise ParseError("Unknown right")
    return SetAcl(name, identifier, mode, rights.decode("ascii"))
