"""Listings: pages of rows from storage, the next one asked for while this one is sent."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import partial
from typing import TypeVar

from services.imap.ahead import Ahead
from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.fetching.items import Page, render
from services.imap.fetching.plan import Plan
from services.imap.snapshot import Located
from shared.contracts import messages
from shared.contracts.messages import RowsReply, RowsRequest

T = TypeVar("T")

_AT_ONCE = 5_000  # UIDs in one question
_PAGE = 512 * 1024  # octets of one answer: long enough to be cheap, short enough to begin soon


async def list_rows(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """Answer with the rows of ``uids``. At most two pages are held at a time."""
    rest = uids
    reply = await ask(mailbox, plan.columns, rest)
    while True:
        rest = behind(rest, reply)
        ahead = Ahead(mailbox.nursery, partial(ask, mailbox, plan.columns, rest)) if rest else None
        try:
            await _show(mailbox, plan, reply)
            if ahead is None:
                return
            reply = await ahead.take()
        finally:
            if ahead is not None:
                ahead.cancel()


async def ask(mailbox: MailboxContext, columns: int, uids: array[int]) -> RowsReply:
    """One page of rows."""
    request = RowsRequest(mailbox.grant, mailbox.live.mailbox, pack(uids[:_AT_ONCE]), columns, _PAGE)
    return await mailbox.call(messages.rows, request)


def behind(uids: array[int], reply: RowsReply) -> array[int]:
    """What is still to be asked for."""
    return uids[bisect_left(uids, reply.next_uid) :] if reply.next_uid else uids[_AT_ONCE:]


async def _show(mailbox: MailboxContext, plan: Plan, reply: RowsReply) -> None:
    uids = unpack("I", reply.uids)
    place = mailbox.snapshot.locate(uids)
    if len(place.uids) != len(uids):
        reply = _kept(reply, uids, place)
    mailbox.talk.count("rows", len(place.uids))
    if place.uids:
        mailbox.talk.out.write(render(Page(mailbox, place, reply), plan.items))
        await mailbox.talk.out.room()


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
