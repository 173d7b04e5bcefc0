"""Setting \\Seen on what a FETCH has read."""

from __future__ import annotations

from array import array

from services.imap.columns import pack
from services.imap.context import MailboxContext
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.messages import Mode, Store

_AT_ONCE = 20_000  # messages in one call


async def mark_seen(mailbox: MailboxContext, uids: array[int]) -> frozenset[int]:
    """Set \\Seen where it is missing; the UIDs that got it, whose flags the caller now has to tell."""
    view = mailbox.view
    places = [(uid, view.position(uid)) for uid in uids]
    unseen = [uid for uid, at in places if at >= 0 and not view.table[view.flagsets[at]].seen]
    for start in range(0, len(unseen), _AT_ONCE):
        packed = pack(unseen[start : start + _AT_ONCE])
        request = Store(mailbox.grant, new_ulid(), mailbox.live.mailbox, packed, Mode.ADD, ("\\Seen",))
        reply = await mailbox.call(messages.store, request)
        await mailbox.absorb(reply.change)
    for uid in unseen:
        if (at := view.position(uid)) >= 0:
            mailbox.snapshot.told(uid, view.modseqs[at])
    return frozenset(unseen)
