"""Expunging, for the commands that do it."""

from __future__ import annotations

from array import array

from services.imap.columns import pack
from services.imap.context import MailboxContext
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.messages import Expunge


async def expunge(context: MailboxContext, uids: array[int] | None) -> int:
    """Remove what is \\Deleted of ``uids``, or of all; the modseq of it, 0 when there was nothing to do."""
    table = context.view.table
    if not any(table[number].deleted for number in context.view.counts):
        return 0
    if uids is not None and not uids:
        return 0
    packed = None if uids is None else pack(uids)
    reply = await context.call(messages.expunge, Expunge(context.grant, new_ulid(), context.live.mailbox, packed))
    before = len(context.view)
    await context.absorb(reply.change)
    context.talk.count("expunged", max(0, before - len(context.view)))
    return reply.change.modseq
