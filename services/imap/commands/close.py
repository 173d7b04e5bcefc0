"""CLOSE (RFC 3501 section 6.4.2)."""

from __future__ import annotations

from services.imap.context import DONE, Done, MailboxContext
from services.imap.removal import expunge
from shared.protocols.imap.syntax.close import Close


async def handle(context: MailboxContext, command: Close) -> Done:
    """Expunge without telling, unless that may not be (RFC 4314 section 4), and leave."""
    if context.writable and "e" in context.rights:
        await expunge(context, None)
    context.account.leave()
    return DONE
