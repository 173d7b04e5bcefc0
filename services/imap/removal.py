"""Expunging, for the commands that do it."""

from __future__ import annotations

from array import array
from itertools import compress

from services.imap.columns import pack
from services.imap.context import MailboxContext
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.messages import Expunge

_AT_ONCE = 8_000  # messages in one transaction, which others need not wait for long


async def expunge(context: MailboxContext, uids: array[int] | None) -> int:
    """Remove what is \\Deleted of ``uids``, or of all; the modseq of it, 0 when there was nothing to do."""
    table = context.view.table
    if not any(table[number].deleted for number in context.view.counts):
        return 0
    if uids is not None and not uids:
        return 0
    marked = _marked(context) if uids is None else uids
    if len(marked) <= _AT_ONCE:
        return await _step(context, uids)
    modseq = 0
    for start in range(0, len(marked), _AT_ONCE):
        await context.talk.progress(start, len(marked))
        modseq = await _step(context, marked[start : start + _AT_ONCE])
    return modseq


def _marked(context: MailboxContext) -> array[int]:
    """What is \\Deleted as far as is known here."""
    view = context.view
    deleted = {number for number in view.counts if view.table[number].deleted}
    return array("I", compress(view.uids, map(deleted.__contains__, view.flagsets)))


async def _step(context: MailboxContext, uids: array[int] | None) -> int:
    packed = None if uids is None else pack(uids)
    reply = await context.call(messages.expunge, Expunge(context.grant, new_ulid(), context.live.mailbox, packed))
    before = len(context.view)
    await context.absorb(reply.change)
    context.talk.count("expunged", max(0, before - len(context.view)))
    return reply.change.modseq
