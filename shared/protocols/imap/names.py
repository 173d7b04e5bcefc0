"""Mailbox names in commands: modified UTF-7 (or UTF-8 where enabled) to Unicode."""

from __future__ import annotations

from shared.protocols.imap import utf7
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments, utf8_text


def mailbox(arguments: Arguments) -> str:
    """``mailbox``: Unicode in the client's hierarchy separator; "INBOX", in any case, in upper case."""
    name = _decode(arguments, arguments.astring())
    return "INBOX" if name.upper() == "INBOX" else name


def list_mailbox(arguments: Arguments) -> str:
    """``list-mailbox``: a pattern with "%" and "*" as wildcards."""
    return _decode(arguments, arguments.list_mailbox())


def _decode(arguments: Arguments, octets: bytes) -> str:
    if arguments.utf8:
        return utf8_text(octets)
    try:
        return utf7.decode(octets)
    except ValueError as error:
        raise ParseError(f"Mailbox name: {error}") from None
