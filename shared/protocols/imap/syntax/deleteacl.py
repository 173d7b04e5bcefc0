"""DELETEACL (RFC 4314 section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.identifier import prepared
from shared.protocols.imap.tokens import Arguments


class DeleteAcl(NamedTuple):
    """Remove the entry of an identifier."""

    mailbox: str
    identifier: str


def parse(arguments: Arguments) -> DeleteAcl:
    """``mailbox SP identifier``."""
    arguments.space()
    name = mailbox(arguments)
    arguments.space()
    return DeleteAcl(name, prepared(arguments.astring_text()))
