"""Asking storage for what threads are built of, page after page."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial

from services.imap.ahead import in_turn
from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.threading.forest import Material
from shared.contracts import sorting
from shared.contracts.sorting import ThreadsReply, ThreadsRequest

_FIRST = 500  # UIDs in the first question: few, so that there is something to do soon; twice as many in the next
_AT_ONCE = 4_000  # ... and so on, up to these
_AHEAD = 2


async def pages(mailbox: MailboxContext, uids: array[int]) -> AsyncGenerator[Material, None]:
    """What is there for these messages; the next pages are asked for before one is given out."""
    asks = (partial(_ask, mailbox, span) for span in _spans(uids))
    async with aclosing(in_turn(mailbox.nursery, asks, _AHEAD)) as answers:
        async for replies in answers:
            for reply in replies:
                yield Material(
                    unpack("I", reply.uids), unpack("q", reply.dates), reply.counts, unpack("Q", reply.ids)
                )


def _spans(uids: array[int]) -> Iterator[array[int]]:
    start, size = 0, _FIRST
    while start < len(uids):
        yield uids[start : start + size]
        start, size = start + size, min(2 * size, _AT_ONCE)


async def _ask(mailbox: MailboxContext, uids: array[int]) -> list[ThreadsReply]:
    """One answer, or those that it was cut into."""
    replies: list[ThreadsReply] = []
    while uids:
        request = ThreadsRequest(mailbox.grant, mailbox.live.mailbox, pack(uids))
        replies.append(await mailbox.call(sorting.threads, request))
        following = replies[-1].next_uid
        uids = uids[bisect_left(uids, following) :] if following else array("I")
    return replies
