"""COPY and UID COPY (RFC 3501 section 6.4.7, RFC 9738 section 3.1)."""

from __future__ import annotations

from services.imap.context import Done, MailboxContext
from services.imap.message_limit import must_take
from services.imap.transfer import transfer
from shared.protocols.imap.syntax.copy import Copy


async def handle(context: MailboxContext, command: Copy) -> Done:
    """Copy to another mailbox, all or none."""
    uids = context.uids(command.numbers, uid=command.uid)
    must_take(context, uids)
    return Done(code=await transfer(context, uids, command.mailbox, move=False))
