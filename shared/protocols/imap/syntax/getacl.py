"""GETACL (RFC 4314 section 3.3)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class GetAcl(NamedTuple):
    """Tell who may do what in a mailbox."""

    mailbox: str


def parse(arguments: Arguments) -> GetAcl:
    """``mailbox``."""
    arguments.space()
    return GetAcl(mailbox(arguments))
