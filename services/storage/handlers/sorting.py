"""`messages.sort` and `messages.threads`: order, by what was rendered when the messages arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from itertools import accumulate, compress
from operator import add, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, func, select

from services.storage.engines.gathered import gathered, gathered_octets, numbers
from services.storage.registry import read
from services.storage.repositories.access import Access
from services.storage.repositories.ledger import Ledger
from services.storage.repositories.messages import LISTED, Picker
from services.storage.rules.packed import pack_i64, pack_u32, unpack_uids
from services.storage.tables.schema import content, content_sort, message
from services.storage.unit_of_work import Asked
from shared.contracts import sorting as contract
from shared.contracts.errors import Code, Refused
from shared.contracts.sorting import By, Criterion, SortReply, SortRequest, ThreadsReply, ThreadsRequest

MAX_CRITERIA = 20
REMEMBERED = 100  # statements; which ones there are, clients choose
DENSE = 4  # a span may hold this many times the UIDs that are wanted
THREAD_PAGE = 5_000
MAX_OCTETS = 800_000  # what one frame carries
OVERHEAD = 13  # octets of a message beside its ids: UID, date, count

_SENT = func.coalesce(func.nullif(content.c.date, 0), message.c.date)
COLUMNS: dict[By, ColumnElement[Any]] = {
    By.ARRIVAL: message.c.date,
    By.CC: content.c.sort_cc,
    By.DATE: _SENT,
    By.FROM: content.c.sort_from,
    By.SIZE: message.c.size,
    By.SUBJECT: content.c.sort_subject,
    By.TO: content.c.sort_to,
    By.SHOWN_FROM: content.c.shown_from,
    By.SHOWN_TO: content.c.shown_to,
}
_SOURCE = message.join(content)


class Threads(NamedTuple):
    """Messages as parallel columns; ``ids`` has eight octets for each that ``counts`` counts."""

    uids: list[int]
    dates: list[int]
    counts: list[int]
    ids: bytes

    @property
    def octets(self) -> int:
        """What they take in a reply."""
        return OVERHEAD * len(self.uids) + len(self.ids)

    def plus(self, other: Threads) -> Threads:
        """These and then the others."""
        if not self.uids:
            return other
        return Threads(*map(add, self, other))

    def first(self, count: int) -> Threads:
        """Only so many."""
        return Threads(
            self.uids[:count], self.dates[:count], self.counts[:count], self.ids[: 8 * sum(self.counts[:count])]
        )

    def only(self, wanted: Set[int]) -> Threads:
        """Those with these UIDs."""
        keep = [uid in wanted for uid in self.uids]
        ends = list(accumulate(self.counts))
        pieces = [
            self.ids[8 * (end - count) : 8 * end]
            for end, count in compress(zip(ends, self.counts, strict=True), keep)
        ]
        uids, dates, counts = (list(compress(column, keep)) for column in self[:3])
        return Threads(uids, dates, counts, b"".join(pieces))


def _threads_of(condition: ColumnElement[bool]) -> Select[Any]:
    """What threads are built of, each column as one value."""
    rows = (
        select(
            message.c.uid,
            _SENT.label("sent"),
            func.length(content.c.thread, type_=Integer).label("octets"),
            content.c.thread,
        )
        .select_from(_SOURCE)
        .with_hint(content, f"INDEXED BY {content_sort.name}", "sqlite")
        .where(message.c.mailbox_id == bindparam("mailbox"))
        .where(condition)
        .order_by(message.c.uid)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(
        gathered(rows.c.uid), gathered(rows.c.sent), gathered(rows.c.octets // 8), gathered_octets(rows.c.thread)
    )


_THREADS_SPAN = _threads_of(message.c.uid.between(bindparam("first"), bindparam("last")))
_THREADS_LISTED = _threads_of(message.c.uid.in_(bindparam("uids", expanding=True)))


def sort(connection: Connection, asked: Sequence[Asked[SortRequest]]) -> list[SortReply | Refused]:
    """Each mailbox's messages in the order that was asked for."""
    _check_rights(connection, asked)
    return [_sort(connection, each.request) for each in asked]


def threads(connection: Connection, asked: Sequence[Asked[ThreadsRequest]]) -> list[ThreadsReply | Refused]:
    """As many messages as fit the limit."""
    _check_rights(connection, asked)
    return [_threads(connection, each.request) for each in asked]


def _check_rights(connection: Connection, asked: Sequence[Asked[Any]]) -> None:
    access = Access(Ledger(connection))
    access.ledger.load([each.request.mailbox for each in asked])
    for each in asked:
        if isinstance(refused := access.by_id(each.request.mailbox, each.account, "r"), Refused):
            raise refused


def _sort(connection: Connection, request: SortRequest) -> SortReply:
    if not 0 < len(request.criteria) <= MAX_CRITERIA:
        raise Refused(Code.LIMIT, "too many sort keys, or none")
    uids = unpack_uids(request.uids)
    if not uids:
        return SortReply(b"")
    if uids[-1] - uids[0] < DENSE * len(uids):
        span = {"mailbox": request.mailbox, "first": uids[0], "last": uids[-1], "limit": uids[-1] - uids[0] + 1}
        ordered = numbers(connection.execute(_in_order(request.criteria), span).scalar())
        if len(ordered) > len(uids) or uids[-1] - uids[0] > len(uids) - 1:
            wanted = set(uids)
            ordered = [uid for uid in ordered if uid in wanted]
        return SortReply(pack_u32(ordered))
    return SortReply(pack_u32(_sparse(connection, request, uids)))


@lru_cache(REMEMBERED)
def _in_order(criteria: tuple[Criterion, ...]) -> Select[Any]:
    """UIDs of a span, in order, as one value."""
    order = [COLUMNS[by].desc() if reverse else COLUMNS[by].asc() for by, reverse in criteria]
    rows = (
        select(message.c.uid)
        .select_from(_SOURCE)
        .with_hint(content, f"INDEXED BY {content_sort.name}", "sqlite")
        .where(message.c.mailbox_id == bindparam("mailbox"))
        .where(message.c.uid.between(bindparam("first"), bindparam("last")))
        .order_by(*order, message.c.uid)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(gathered(rows.c.uid))


def _sparse(connection: Connection, request: SortRequest, uids: Sequence[int]) -> list[int]:
    """The same for messages that are few among many."""
    keys = tuple(dict.fromkeys(each.by for each in request.criteria))
    rows = [row for page in _picker(keys).pages(connection, request.mailbox, uids) for row in page]
    for by, reverse in reversed(request.criteria):
        rows.sort(key=itemgetter(2 + keys.index(by)), reverse=reverse)
    return [row[1] for row in rows]


@lru_cache(REMEMBERED)
def _picker(keys: tuple[By, ...]) -> Picker:
    return Picker(*map(COLUMNS.__getitem__, keys), source=_SOURCE, index=content_sort)


def _threads(connection: Connection, request: ThreadsRequest) -> ThreadsReply:
    left = min(request.limit, MAX_OCTETS)
    whole = Threads([], [], [], b"")
    for page in _pages(connection, request.mailbox, unpack_uids(request.uids)):
        room = left - whole.octets
        if page.octets > room:
            fitting = sum(1 for total in accumulate(OVERHEAD + 8 * count for count in page.counts) if total <= room)
            fitting = fitting or not whole.uids
            next_uid = page.uids[fitting] if fitting < len(page.uids) else page.uids[-1] + 1
            return _reply(whole.plus(page.first(fitting)), next_uid)
        whole = whole.plus(page)
    return _reply(whole, 0)


def _pages(connection: Connection, mailbox: int, uids: Sequence[int]) -> Iterator[Threads]:
    """What there is of these messages, read no further than the caller goes."""
    if not uids or uids[-1] - uids[0] >= DENSE * len(uids):
        for start in range(0, len(uids), LISTED):
            listed = {"mailbox": mailbox, "uids": list(uids[start : start + LISTED]), "limit": LISTED}
            yield _columns(connection.execute(_THREADS_LISTED, listed).one())
        return
    for start in range(0, len(uids), THREAD_PAGE):
        wanted = uids[start : start + THREAD_PAGE]
        span = {"mailbox": mailbox, "first": wanted[0], "last": wanted[-1], "limit": wanted[-1] - wanted[0] + 1}
        found = _columns(connection.execute(_THREADS_SPAN, span).one())
        yield found if len(wanted) == span["limit"] or found.uids == wanted else found.only(frozenset(wanted))


def _columns(row: Sequence[Any]) -> Threads:
    uids, dates, counts, ids = row
    return Threads(numbers(uids), numbers(dates), numbers(counts), ids or b"")


def _reply(found: Threads, next_uid: int) -> ThreadsReply:
    return ThreadsReply(pack_u32(found.uids), next_uid, pack_i64(found.dates), bytes(found.counts), found.ids)


ROWS = (read(contract.sort, sort), read(contract.threads, threads))
