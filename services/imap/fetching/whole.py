"""FETCH of message bodies: asked for in batches, read ahead, large ones streamed past the bus.

Invariant: a literal's announced size is what follows it, or the connection ends.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial

from services.imap.ahead import Ahead
from services.imap.columns import pack
from services.imap.context import MailboxContext
from services.imap.errors import Bye
from services.imap.fetching import binary
from services.imap.fetching.items import NO_ROWS, Page, column
from services.imap.fetching.plan import Plan, with_flags
from services.imap.fetching.ranges import gathered, octets
from services.imap.fetching.rows import ask as ask_rows
from services.imap.fetching.sections import header_section, inline_section, narrowed, selects_fields, span
from services.imap.marking import mark_seen
from services.imap.telling import fetch_head
from shared.contracts import messages
from shared.contracts.errors import Unavailable
from shared.contracts.messages import BodiesRequest, Bulk
from shared.protocols.imap import fetch_items
from shared.protocols.imap.syntax.fetch import Item
from shared.protocols.imap.syntax.section import Binary, Section

_BATCH = 512 * 1024  # octets asked for at once
_BATCH_MESSAGES = 64
_NEXT_MESSAGES = 3  # read ahead of a client that reads on
_NEXT = 128 * 1024  # octets of them

CUT = "The message cannot be read to its end, try again later"


async def send_whole(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """Answer with sections of ``uids``."""
    if len(uids) == 1:
        await _send_one(mailbox, uids, plan)
        return
    batches = _batches(mailbox, uids)
    batch = next(batches, None)
    ahead: Ahead[tuple[Bulk, ...]] | None = None
    try:
        while batch:
            bulks = await (_ask(mailbox, batch) if ahead is None else ahead.take())
            following = next(batches, None)
            ahead = Ahead(mailbox.nursery, partial(_ask, mailbox, following)) if following else None
            seen = await mark_seen(mailbox, batch) if plan.marks and mailbox.marks_seen else frozenset()
            for bulk in bulks:
                await _send(mailbox, plan, bulk, seen=bulk.uid in seen)
            batch = following
    finally:
        if ahead is not None:
            ahead.cancel()


async def _send_one(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """One message, out of the cache where it was read ahead; \\Seen in the same call where there is one."""
    uid = uids[0]
    cache = mailbox.bodies
    position = mailbox.view.position(uid)
    if position < 0:
        return
    unseen = not mailbox.view.table[mailbox.view.flagsets[position]].seen
    mark = plan.marks and mailbox.marks_seen and unseen
    bulk = cache.find(uid)
    marked = False
    if bulk is not None:
        marked = mark and bool(await mark_seen(mailbox, uids))
    else:
        wanted = uids + _following(mailbox, position) if cache.last == _before(mailbox, position) else uids
        request = BodiesRequest(mailbox.grant, mailbox.live.mailbox, pack(wanted), mark)
        reply = await mailbox.call(messages.bodies, request)
        if reply.change is not None:
            await mailbox.absorb(reply.change)
            mailbox.snapshot.told(uid, reply.change.modseq)
            marked = True
        for found in reply.bodies:
            cache.keep(found)
        bulk = next((found for found in reply.bodies if found.uid == uid), None)
    cache.last = uid
    if bulk is not None:
        await _send(mailbox, plan, bulk, seen=marked)


def _before(mailbox: MailboxContext, position: int) -> int:
    return mailbox.view.uids[position - 1] if position else 0


def _following(mailbox: MailboxContext, position: int) -> array[int]:
    """The next few messages, as far as they are small."""
    view = mailbox.view
    room = _NEXT
    end = position + 1
    while end < len(view) and end <= position + _NEXT_MESSAGES and view.sizes[end] <= room:
        room -= view.sizes[end]
        end += 1
    return view.uids[position + 1 : end]


def _batches(mailbox: MailboxContext, uids: array[int]) -> Iterator[array[int]]:
    """``uids`` cut so that the answers fit the bus."""
    batch: array[int] = array("I")
    room = _BATCH
    for uid in uids:
        position = mailbox.view.position(uid)
        size = mailbox.view.sizes[position] if position >= 0 else 0
        if batch and (size > room or len(batch) >= _BATCH_MESSAGES):
            yield batch
            batch, room = array("I"), _BATCH
        batch.append(uid)
        room -= size
    yield batch


async def _ask(mailbox: MailboxContext, uids: array[int]) -> tuple[Bulk, ...]:
    """These messages, in as many calls as it takes."""
    found: list[Bulk] = []
    while uids:
        reply = await mailbox.call(
            messages.bodies, BodiesRequest(mailbox.grant, mailbox.live.mailbox, pack(uids), limit=_BATCH)
        )
        if not reply.bodies:
            break
        found += reply.bodies
        uids = uids[bisect_right(uids, reply.bodies[-1].uid) :]
    return tuple(found)


async def _send(mailbox: MailboxContext, plan: Plan, bulk: Bulk, *, seen: bool) -> None:
    """One FETCH response; ``seen``: the flags changed by it and are told in it."""
    rows = NO_ROWS
    if plan.columns:
        rows = await ask_rows(mailbox, plan.columns, array("I", [bulk.uid]))
        if not rows.uids:
            return
    place = mailbox.snapshot.locate(array("I", [bulk.uid]))
    if not place.uids:
        return
    page = Page(mailbox, place, rows)
    parts: list[bytes | Section | Binary] = []  # what is rendered, and what is still to be streamed
    for item in with_flags(plan, modseq=mailbox.account.dialect.modseqs).items if seen else plan.items:
        if isinstance(item, Item):
            parts.append(column(page, item)[0])
        elif isinstance(item, Binary):
            parts.append(await _streamable(item, bulk) if bulk.url else binary.render(item, bulk))
        else:
            parts.append(item if bulk.url else inline_section(item, bulk))
    mailbox.talk.count("bodies", 1)
    await _write(mailbox, bulk, fetch_head(mailbox, place.sequences[0], bulk.uid), parts)


async def _streamable(item: Binary, bulk: Bulk) -> bytes | Binary:
    """The item itself, when it is to be streamed; all that may refuse it has been asked."""
    part = binary.find(item, bulk)
    if part is None:
        return binary.missing(item)
    if item.size:
        return fetch_items.binary_size_item(item.label, (await binary.measure(item, bulk, part)).size)
    return item


async def _write(mailbox: MailboxContext, bulk: Bulk, before: bytes, parts: list[bytes | Section | Binary]) -> None:
    """The response. What stands before a part that is streamed waits until that begins to come: when it does not, the
    command fails and nothing was said."""
    out = mailbox.talk.out
    held: list[bytes] = []
    said = False
    for part in parts:
        held.append(before)
        before = b" "
        if isinstance(part, bytes):
            held.append(part)
            continue
        try:
            streamed = await _stream(mailbox, held, part, bulk)
        except Unavailable as error:
            if said:
                raise Bye(CUT) from error
            raise
        if streamed:
            held.clear()
            said = True
    for octets_held in held:
        out.write(octets_held)
    out.write(b")\r\n")
    await out.room()


async def _stream(mailbox: MailboxContext, held: list[bytes], item: Section | Binary, bulk: Bulk) -> bool:
    """What a message that is too large for the bus has for ``item``, with ``held`` before it; or hold it too."""
    if isinstance(item, Binary):
        part = binary.find(item, bulk)
        assert part is not None
        extent = await binary.measure(item, bulk, part)
        held.append(fetch_items.binary_head_item(item.label, extent.size, nul=extent.nul))
        await _send_all(mailbox, held, binary.decoded(item, bulk, part))
        return True
    place = span(item, bulk)
    if place is None:
        held.append(fetch_items.section_item(item.label, b""))
        return False
    if selects_fields(item):
        held.append(header_section(item, await gathered(bulk, place)))
        return False
    wanted = narrowed(item, place)
    held.append(fetch_items.section_head_item(item.label, wanted.end - wanted.start))
    await _send_all(mailbox, held, octets(bulk, wanted))
    return True


async def _send_all(mailbox: MailboxContext, before: list[bytes], pieces: AsyncGenerator[bytes, None]) -> None:
    """Send what comes, no faster than the client takes it. Raises `Unavailable` when nothing comes at all."""
    out = mailbox.talk.out
    async with aclosing(pieces):
        first = await anext(pieces, b"")
        for each in (*before, first):
            out.write(each)
        try:
            async for piece in pieces:
                await out.room()
                out.write(piece)
        except Unavailable as error:
            raise Bye(CUT) from error
    await out.room()
