"""GETQUOTAROOT (RFC 9208 section 4.1.2)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class GetQuotaRoot(NamedTuple):
    """Tell the quota roots of a mailbox."""

    mailbox: str


def parse(arguments: Arguments) -> GetQuotaRoot:
    """``mailbox``."""
    arguments.space()
    return GetQuotaRoot(mailbox(arguments))
