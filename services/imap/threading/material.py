"""Asking storage for what threads are built of, page after page."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator
from functools import partial

from services.imap.ahead import Ahead
from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.threading.forest import Material
from shared.contracts import sorting
from shared.contracts.sorting import ThreadsReply, ThreadsRequest

_AT_ONCE = 4_000  # UIDs in one question: few enough to begin soon


async def pages(mailbox: MailboxContext, uids: array[int]) -> AsyncGenerator[Material, None]:
    """What is there for these messages; the next page is asked for before one is given out."""
    ahead = _ask_ahead(mailbox, uids)
    try:
        while ahead is not None:
            reply = await ahead.take()
            uids = uids[bisect_left(uids, reply.next_uid) :] if reply.next_uid else uids[_AT_ONCE:]
            ahead = _ask_ahead(mailbox, uids)
            yield Material(unpack("I", reply.uids), unpack("q", reply.dates), reply.counts, unpack("Q", reply.ids))
    finally:
        if ahead is not None:
            ahead.cancel()


def _ask_ahead(mailbox: MailboxContext, uids: array[int]) -> Ahead[ThreadsReply] | None:
    return Ahead(mailbox.nursery, partial(_ask, mailbox, uids)) if uids else None


async def _ask(mailbox: MailboxContext, uids: array[int]) -> ThreadsReply:
    request = ThreadsRequest(mailbox.grant, mailbox.live.mailbox, pack(uids[:_AT_ONCE]))
    return await mailbox.call(sorting.threads, request)
