"""Listings: pages of rows from storage, the next ones asked for while this one is sent."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from services.imap.ahead import in_turn
from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.fetching.items import Page, render
from services.imap.fetching.plan import Plan
from services.imap.snapshot import Located
from shared.contracts import messages
from shared.contracts.messages import RowsReply, RowsRequest

T = TypeVar("T")

_FIRST = 500  # UIDs in the first questions
_AT_ONCE = 5_000  # ... and at most in those that follow
_PAGE = 512 * 1024  # octets of one answer: long enough to be cheap, short enough to begin soon
_AHEAD = 2


async def list_rows(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """Answer with the rows of ``uids``. Few pages are held at a time."""
    if len(uids) <= _FIRST:
        await _show_all(mailbox, plan, uids, await ask(mailbox, plan.columns, uids))
        return
    portions = _Portions(uids)
    asks = (partial(_ask_for, mailbox, plan.columns, portion) for portion in portions)
    async with aclosing(in_turn(mailbox.nursery, asks, _AHEAD)) as answers:
        async for portion, reply in answers:
            portions.rows = await _show_all(mailbox, plan, portion, reply)


class _Portions:
    """UIDs to be asked for together, ``rows`` at a time: few at first, then as many as a page has room for."""

    def __init__(self, uids: array[int]) -> None:
        self._uids = uids
        self.rows = _FIRST

    def __iter__(self) -> Iterator[array[int]]:
        at = 0
        while at < len(self._uids):
            portion = self._uids[at : at + self.rows]
            at += len(portion)
            yield portion


async def _ask_for(mailbox: MailboxContext, columns: int, uids: array[int]) -> tuple[array[int], RowsReply]:
    return uids, await ask(mailbox, columns, uids)


async def _show_all(mailbox: MailboxContext, plan: Plan, uids: array[int], reply: RowsReply) -> int:
    """Send the answer to a question for ``uids``, and where it was cut what follows; how many rows like these are a
    page."""
    while True:
        octets = await _show(mailbox, plan, reply)
        rows = max(1, min(_AT_ONCE, _PAGE * len(reply.uids) // 4 // octets)) if octets else _FIRST
        uids = behind(uids, reply)
        if not uids:
            return rows
        reply = await ask(mailbox, plan.columns, uids)


async def ask(mailbox: MailboxContext, columns: int, uids: array[int]) -> RowsReply:
    """One page of rows."""
    request = RowsRequest(mailbox.grant, mailbox.live.mailbox, pack(uids[:_AT_ONCE]), columns, _PAGE)
    return await mailbox.call(messages.rows, request)


def behind(uids: array[int], reply: RowsReply) -> array[int]:
    """What is still to be asked for."""
    return uids[bisect_left(uids, reply.next_uid) :] if reply.next_uid else uids[_AT_ONCE:]


async def _show(mailbox: MailboxContext, plan: Plan, reply: RowsReply) -> int:
    """Send a page; its octets."""
    uids = unpack("I", reply.uids)
    place = mailbox.snapshot.locate(uids)
    if len(place.uids) != len(uids):
        reply = _kept(reply, uids, place)
    mailbox.talk.count("rows", len(place.uids))
    if not place.uids:
        return 0
    rendered = render(Page(mailbox, place, reply), plan.items)
    mailbox.talk.out.write(rendered)
    await mailbox.talk.out.room()
    return len(rendered)


def _kept(reply: RowsReply, uids: array[int], place: Located) -> RowsReply:
    """The rows of those messages that were not expunged while the answer travelled."""
    there = set(place.uids)
    keep = [index for index, uid in enumerate(uids) if uid in there]

    def some(values: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(values[index] for index in keep) if values else ()

    return RowsReply(
        reply.uids,
        envelopes=some(reply.envelopes),
        body_structures=some(reply.body_structures),
        headers=some(reply.headers),
        previews=some(reply.previews),
        email_ids=some(reply.email_ids),
        thread_ids=some(reply.thread_ids),
        saved=some(reply.saved),
    )
