"""CHECK (RFC 3501 section 6.4.1)."""

from __future__ import annotations

from services.imap.context import DONE, Done, MailboxContext
from shared.protocols.imap.syntax.check import Check


async def handle(context: MailboxContext, command: Check) -> Done:
    """Nothing: what was acknowledged is on disk already."""
    return DONE
