"""SETMETADATA (RFC 5464 section 4.3)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.entry import entry
from shared.protocols.imap.tokens import Arguments

_SCOPES = frozenset({"private", "shared"})


class SetMetadata(NamedTuple):
    """Set annotations of a mailbox, "" for the server; a value of None removes one."""

    mailbox: str
    annotations: tuple[tuple[str, bytes | None], ...]


def parse(arguments: Arguments) -> SetMetadata:
    """``mailbox SP "(" entry SP value *(SP entry SP value) ")"``."""
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    given = arguments.items(_pair)
    if not given:
        raise ParseError("No entry")
    return SetMetadata(name, given)


def _pair(arguments: Arguments) -> tuple[str, bytes | None]:
    name = entry(arguments)
    _, scope, *levels = name.split("/")
    if scope not in _SCOPES or len(levels) < (3 if levels[:1] == ["vendor"] else 1):
        raise ParseError("Entries are /private/... or /shared/..., or below a vendor's (RFC 5464 section 3.2)")
    arguments.space()
    return name, None if arguments.skip_word(b"NIL") else arguments.string()
