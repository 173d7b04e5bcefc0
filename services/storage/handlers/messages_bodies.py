"""`messages.bodies`: whole messages; what is too large for the bus by a ticket for the data port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from services.storage.blobs.tickets import Tickets
from services.storage.handlers.messages_store import mark_seen
from services.storage.repositories import contents
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Picker
from services.storage.rules.packed import unpack_uids
from services.storage.tables.schema import body, content, message
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Refused
from shared.contracts.messages import BodiesReply, BodiesRequest, Bulk

MAX_OCTETS = 800_000  # what one frame carries
MAX_MESSAGES = 1_000  # in one reply

SIZES = Picker(
    message.c.modseq,
    message.c.flagset_id,
    message.c.size,
    message.c.date,
    message.c.content_id,
    message.c.prefix,
    content.c.parts,
    body.c.location,
    source=message.join(content).join(body, body.c.content_id == content.c.id),
)


class Row(NamedTuple):
    """A message, in the order of `SIZES`."""

    mailbox_id: int
    uid: int
    modseq: int
    flagset_id: int
    size: int
    date: int
    content_id: int
    prefix: bytes
    parts: bytes
    location: str


class Wanted(NamedTuple):
    """One request that may be answered, and its messages that are there, as far as they fit."""

    state: MailboxState
    uids: list[int]
    rows: list[Row]

    @property
    def first_is_there(self) -> bool:
        """Whether the message that was asked for, not only one that is read ahead, still exists."""
        return bool(self.rows) and self.rows[0].uid == self.uids[0]


def read(
    tickets: Tickets, connection: Connection, asked: Sequence[Asked[BodiesRequest]]
) -> list[BodiesReply | Refused]:
    """Bodies, nothing marked."""
    return _answer(tickets, connection, _wanted(Access(Ledger(connection)), connection, asked))


def read_and_mark(
    flagsets: FlagSets, tickets: Tickets, work: UnitOfWork, asked: Sequence[Asked[BodiesRequest]]
) -> list[BodiesReply | Refused]:
    """Bodies, and \\Seen on the first message of each request that wants it."""
    ledger = Ledger(work.connection)
    access = Access(ledger)
    wanted = _wanted(access, work.connection, asked)
    answers = _answer(tickets, work.connection, wanted)
    marks = [
        (place, want.state, want.rows[0][1:6])
        for place, (each, want) in enumerate(zip(asked, wanted, strict=True))
        if isinstance(want, Wanted)
        and each.request.seen
        and want.first_is_there
        and "s" in access.rights(want.state, each.account)
    ]
    seen = [(state, row, asked[place]) for place, state, row in marks]
    for (place, _, _), change in zip(marks, mark_seen(flagsets, work, ledger, seen), strict=True):
        answer = answers[place]
        if isinstance(answer, BodiesReply) and change is not None:
            answers[place] = answer._replace(change=change)
    return answers


def _wanted(access: Access, connection: Connection, asked: Sequence[Asked[BodiesRequest]]) -> list[Wanted | Refused]:
    """Who may read what, and how much of it fits."""
    access.ledger.load([each.request.mailbox for each in asked])
    wanted: list[Wanted | Refused] = []
    union: dict[int, set[int]] = {}
    for each in asked:
        state = access.by_id(each.request.mailbox, each.account, "r")
        if isinstance(state, Refused):
            wanted.append(state)
            continue
        uids = unpack_uids(each.request.uids)[:MAX_MESSAGES]
        union.setdefault(state.id, set()).update(uids)
        wanted.append(Wanted(state, uids, []))
    picked = SIZES.pick(connection, {number: sorted(uids) for number, uids in union.items()})
    rows = {(row[0], row[1]): Row._make(row) for row in picked}
    for each, want in zip(asked, wanted, strict=True):
        if isinstance(want, Wanted):
            there = [row for uid in want.uids if (row := rows.get((want.state.id, uid))) is not None]
            want.rows.extend(_fitting(there, min(each.request.limit, MAX_OCTETS)))
    return wanted


def _fitting(rows: Sequence[Row], limit: int) -> Sequence[Row]:
    """The first of ``rows`` whose octets go into ``limit``, and at least one."""
    for count, row in enumerate(rows):
        limit -= len(row.parts) + (len(row.prefix) if row.location else row.size)
        if limit < 0:
            return rows[: max(1, count)]
    return rows


def _answer(
    tickets: Tickets, connection: Connection, wanted: Sequence[Wanted | Refused]
) -> list[BodiesReply | Refused]:
    inline = {row.content_id for want in wanted if isinstance(want, Wanted) for row in want.rows if not row.location}
    bodies = contents.read(connection, list(inline)) if inline else {}
    return [
        want
        if isinstance(want, Refused)
        else BodiesReply(tuple(_bulk(tickets, row, bodies.get(row.content_id)) for row in want.rows))
        for want in wanted
    ]


def _bulk(tickets: Tickets, row: Row, stored: contents.Octets | None) -> Bulk:
    prefix = row.prefix
    if stored is not None:
        return Bulk(row.uid, prefix + stored.octets, row.size, len(prefix), row.parts)
    url = tickets.download_url(row.location, row.size - len(prefix))
    return Bulk(row.uid, prefix, row.size, len(prefix), row.parts, url)
