"""UNSELECT (RFC 3691)."""

from __future__ import annotations

from services.imap.context import DONE, Done, MailboxContext
from shared.protocols.imap.syntax.unselect import Unselect


async def handle(context: MailboxContext, command: Unselect) -> Done:
    """Leave, expunging nothing."""
    context.account.leave()
    return DONE
