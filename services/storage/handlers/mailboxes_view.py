"""What a front's view of a mailbox is made of: pages of packed rows, and the difference since a modseq."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

from sqlalchemy import Connection, bindparam, select

from services.storage.engines.gathered import gathered, numbers
from services.storage.engines.prepared import Prepared
from services.storage.repositories import expunges
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules.changes import pack_columns, pack_rows, too_many_names
from services.storage.rules.packed import pack_u32, pack_u64, unpack_u64
from services.storage.tables.schema import mailbox, message
from services.storage.unit_of_work import Asked
from shared.contracts.changes import Change
from shared.contracts.errors import Refused
from shared.contracts.mailboxes import (
    Modseqs,
    ModseqsRequest,
    Page,
    PageRequest,
    SyncRequest,
    Vanished,
    VanishedRequest,
)

Q = TypeVar("Q", PageRequest, SyncRequest, VanishedRequest)
R = TypeVar("R")

MAX_PAGE = 20_000  # rows of 28 octets: with `MAX_VANISHED` and the names of flags they fit one frame
MAX_VANISHED = 30_000  # UIDs in one answer beside rows
MAX_VANISHED_ALONE = 200_000
LISTED = 500  # mailboxes in one list
HIGHEST = 2**32  # no UID is above

_VIEW = select(message.c.uid, message.c.modseq, message.c.flagset_id, message.c.size, message.c.date)
_AFTER = (
    _VIEW.where(
        message.c.mailbox_id == bindparam("mailbox"),
        message.c.uid > bindparam("after"),
        message.c.uid <= bindparam("upto"),
    )
    .order_by(message.c.uid)
    .limit(bindparam("limit"))
    .subquery()
)
PAGE = Prepared(select(*map(gathered, _AFTER.c)), "mailbox", "after", "upto", "limit")
SINCE = Prepared(
    _VIEW.where(message.c.mailbox_id == bindparam("mailbox"), message.c.modseq > bindparam("since")).limit(
        bindparam("limit")
    ),
    "mailbox",
    "since",
    "limit",
)
MODSEQS = select(mailbox.c.id, mailbox.c.modseq).where(mailbox.c.id.in_(bindparam("mailboxes", expanding=True)))


def _of_readers(
    connection: Connection, asked: Sequence[Asked[Q]], answer: Callable[[MailboxState, Q], R]
) -> list[R | Refused]:
    """``answer`` for each who may read the mailbox that he asks of."""
    access = Access(Ledger(connection))
    access.ledger.load([each.request.mailbox for each in asked])
    answers: list[R | Refused] = []
    for each in asked:
        state = access.by_id(each.request.mailbox, each.account, "r")
        answers.append(state if isinstance(state, Refused) else answer(state, each.request))
    return answers


def page(flagsets: FlagSets, connection: Connection, asked: Sequence[Asked[PageRequest]]) -> list[Page | Refused]:
    """Rows by ascending UID."""
    return _of_readers(connection, asked, partial(_page, flagsets, connection))


def _page(flagsets: FlagSets, connection: Connection, state: MailboxState, request: PageRequest) -> Page:
    limit = max(1, min(request.limit, MAX_PAGE))
    (found,) = PAGE.rows(connection, state.id, request.after, request.upto or HIGHEST, limit + 1)
    columns = list(map(numbers, found))
    more = len(columns[0]) > limit
    if more:
        columns = [column[:limit] for column in columns]
    explained = flagsets.explain(connection, set(columns[2]))
    while too_many_names(explained) and len(columns[0]) > 1:
        columns, more = [column[: len(column) // 2] for column in columns], True
        explained = flagsets.explain(connection, set(columns[2]))
    return Page(pack_columns(*columns), explained, state.modseq, state.uidnext, more)


def sync(flagsets: FlagSets, connection: Connection, asked: Sequence[Asked[SyncRequest]]) -> list[Change | Refused]:
    """What changed since a modseq; incomplete when the history is gone or the answer would not fit a frame."""
    return _of_readers(connection, asked, partial(_sync, flagsets, connection))


def _sync(flagsets: FlagSets, connection: Connection, state: MailboxState, request: SyncRequest) -> Change:
    since = request.since
    step = state.step(since)
    if since == state.modseq:
        return Change(*step)
    if since > state.modseq or since < state.expunged_before:
        return Change(*step, complete=False)
    rows = SINCE.rows(connection, state.id, since, MAX_PAGE + 1)
    vanished = expunges.since(connection, state.id, since, MAX_VANISHED + 1)
    if len(rows) > MAX_PAGE or len(vanished) > MAX_VANISHED:
        return Change(*step, complete=False)
    explained = flagsets.explain(connection, {row[2] for row in rows})
    if too_many_names(explained):
        return Change(*step, complete=False)
    return Change(*step, rows=pack_rows(sorted(rows)), vanished=pack_u32(vanished), flagsets=explained)


def vanished(connection: Connection, asked: Sequence[Asked[VanishedRequest]]) -> list[Vanished | Refused]:
    """What was expunged since a modseq."""
    return _of_readers(connection, asked, partial(_vanished, connection))


def _vanished(connection: Connection, state: MailboxState, request: VanishedRequest) -> Vanished:
    since = request.since
    if since < state.expunged_before:
        return Vanished(complete=False)
    uids = expunges.since(connection, state.id, since, MAX_VANISHED_ALONE + 1)
    if len(uids) > MAX_VANISHED_ALONE:
        return Vanished(complete=False)
    return Vanished(pack_u32(uids))


def modseqs(connection: Connection, asked: Sequence[Asked[ModseqsRequest]]) -> list[Modseqs | Refused]:
    """How far mailboxes are; one statement for a few hundred of them."""
    wanted = [unpack_u64(each.request.mailboxes) for each in asked]
    known: dict[int, int] = {}
    everything = sorted(set(chain.from_iterable(wanted)))
    for start in range(0, len(everything), LISTED):
        for number, modseq in connection.execute(MODSEQS, {"mailboxes": everything[start : start + LISTED]}):
            known[number] = modseq
    return [Modseqs(pack_u64(known.get(number, 0) for number in numbers)) for numbers in wanted]
