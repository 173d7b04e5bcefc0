"""EXPUNGE and UID EXPUNGE (RFC 3501 section 6.4.3, RFC 4315 section 2.1)."""

from __future__ import annotations

from services.imap import removal
from services.imap.context import DONE, Done, MailboxContext
from services.imap.message_limit import newest_deleted
from shared.protocols.imap.syntax.expunge import Expunge


async def handle(context: MailboxContext, command: Expunge) -> Done:
    """Remove what is \\Deleted; that it is gone is told with the answer."""
    context.must_write()
    context.must_hold("e")
    uids = None if command.uids is None else newest_deleted(context, context.uids(command.uids, uid=True))
    modseq = await removal.expunge(context, uids)
    if context.account.dialect.modseqs and modseq:
        return Done(code=b"HIGHESTMODSEQ %d" % modseq)
    return DONE
