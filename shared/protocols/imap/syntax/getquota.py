"""GETQUOTA (RFC 9208 section 4.1.1)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class GetQuota(NamedTuple):
    """Tell what a quota root governs, and its limits."""

    root: str


def parse(arguments: Arguments) -> GetQuota:
    """``quota-root-name``, which we write and read like the name of a mailbox."""
    arguments.space()
    return GetQuota(mailbox(arguments))
