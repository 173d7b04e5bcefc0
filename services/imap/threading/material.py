"""Asking storage for what threads are built of, page after page."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import partial

from services.imap.ahead import Ahead
from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.threading.forest import Material
from shared.contracts import sorting
from shared.contracts.sorting import ThreadsReply, ThreadsRequest

_AT_ONCE = 10_000  # UIDs in one question


async def collect(mailbox: MailboxContext, uids: array[int]) -> Material:
    """What is there for these messages; the next page is asked for while one is unpacked."""
    material = Material(array("I"), array("q"), bytearray(), array("Q"))
    ahead = _ask_ahead(mailbox, uids)
    while ahead is not None:
        try:
            reply = await ahead.take()
        finally:
            ahead.cancel()
        uids = uids[bisect_left(uids, reply.next_uid) :] if reply.next_uid else uids[_AT_ONCE:]
        ahead = _ask_ahead(mailbox, uids)
        material.uids.extend(unpack("I", reply.uids))
        material.dates.extend(unpack("q", reply.dates))
        material.counts.extend(reply.counts)
        material.ids.extend(unpack("Q", reply.ids))
    return material


def _ask_ahead(mailbox: MailboxContext, uids: array[int]) -> Ahead[ThreadsReply] | None:
    return Ahead(mailbox.nursery, partial(_ask, mailbox, uids)) if uids else None


async def _ask(mailbox: MailboxContext, uids: array[int]) -> ThreadsReply:
    request = ThreadsRequest(mailbox.grant, mailbox.live.mailbox, pack(uids[:_AT_ONCE]))
    return await mailbox.call(sorting.threads, request)
