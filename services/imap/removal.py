"""Expunging, for the commands that do it."""

from __future__ import annotations

from array import array

from services.imap.columns import pack
from services.imap.context import MailboxContext
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.messages import EXPUNGED_AT_ONCE, Expunge


async def expunge(context: MailboxContext, uids: array[int] | None) -> int:
    """Remove what is \\Deleted of ``uids``, or of all; the modseq of it, 0 when there was nothing to do.

    In steps, so that nobody else waits for the whole of it. Each is told to others as it is done.
    """
    table = context.view.table
    if not any(table[number].deleted for number in context.view.counts):
        return 0
    if uids is not None and not uids:
        return 0
    before, done, after = len(context.view), 0, 0
    while True:
        step = None if uids is None else uids[done : done + EXPUNGED_AT_ONCE]
        packed = None if step is None else pack(step)
        request = Expunge(context.grant, new_ulid(), context.live.mailbox, packed, after)
        reply = await context.call(messages.expunge, request)
        await context.absorb(reply.change)
        after = reply.next
        done += EXPUNGED_AT_ONCE
        if not after if uids is None else done >= len(uids):
            break
        await context.talk.progress(min(done, before), before if uids is None else len(uids))
    context.talk.count("expunged", max(0, before - len(context.view)))
    return reply.change.modseq
