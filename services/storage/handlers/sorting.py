"""`messages.sort` and `messages.threads`: order, by what was rendered when the messages arrived."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from services.storage.registry import read
from services.storage.repositories.access import Access
from services.storage.repositories.ledger import Ledger
from services.storage.repositories.messages import Picker
from services.storage.rules.packed import pack_i64, pack_u32, unpack_uids
from services.storage.tables.schema import content, content_sort, message
from services.storage.unit_of_work import Asked
from shared.contracts import sorting as contract
from shared.contracts.errors import Code, Refused
from shared.contracts.sorting import By, Criterion, SortReply, SortRequest, ThreadsReply, ThreadsRequest

MAX_CRITERIA = 20
DENSE = 4  # a span may hold this many times the UIDs that are wanted
THREAD_PAGE = 5_000
MAX_OCTETS = 800_000  # what one frame carries
OVERHEAD = 13  # octets of a row beside its ids: UID, date, count

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
THREADS = Picker(_SENT, content.c.thread, source=_SOURCE, index=content_sort)


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
        span = {"mailbox": request.mailbox, "first": uids[0], "last": uids[-1]}
        ordered: list[int] = list(connection.execute(_in_order(request.criteria), span).scalars())
        if len(ordered) > len(uids) or uids[-1] - uids[0] > len(uids) - 1:
            wanted = set(uids)
            ordered = [uid for uid in ordered if uid in wanted]
        return SortReply(pack_u32(ordered))
    return SortReply(pack_u32(_sparse(connection, request, uids)))


@cache
def _in_order(criteria: tuple[Criterion, ...]) -> Select[Any]:
    """UIDs of a span, in order."""
    order = [COLUMNS[by].desc() if reverse else COLUMNS[by].asc() for by, reverse in criteria]
    return (
        select(message.c.uid)
        .select_from(_SOURCE)
        .with_hint(content, f"INDEXED BY {content_sort.name}", "sqlite")
        .where(message.c.mailbox_id == bindparam("mailbox"))
        .where(message.c.uid.between(bindparam("first"), bindparam("last")))
        .order_by(*order, message.c.uid)
    )


def _sparse(connection: Connection, request: SortRequest, uids: Sequence[int]) -> list[int]:
    """The same for messages that are few among many."""
    keys = tuple(dict.fromkeys(each.by for each in request.criteria))
    rows = [row for page in _picker(keys).pages(connection, request.mailbox, uids) for row in page]
    for by, reverse in reversed(request.criteria):
        rows.sort(key=itemgetter(2 + keys.index(by)), reverse=reverse)
    return [row[1] for row in rows]


@cache
def _picker(keys: tuple[By, ...]) -> Picker:
    return Picker(*map(COLUMNS.__getitem__, keys), source=_SOURCE, index=content_sort)


def _threads(connection: Connection, request: ThreadsRequest) -> ThreadsReply:
    left = min(request.limit, MAX_OCTETS)
    kept: list[Any] = []
    for page in THREADS.pages(connection, request.mailbox, unpack_uids(request.uids), THREAD_PAGE):
        costs = [OVERHEAD + len(row[3]) for row in page]
        if (octets := sum(costs)) > left:
            fitting = sum(1 for total in accumulate(costs) if total <= left) or (not kept)
            kept += page[:fitting]
            return _reply(kept, page[fitting][1] if fitting < len(page) else page[-1][1] + 1)
        kept += page
        left -= octets
    return _reply(kept, 0)


def _reply(kept: Sequence[Any], next_uid: int) -> ThreadsReply:
    if not kept:
        return ThreadsReply(b"", next_uid)
    _, uids, dates, ids = zip(*kept, strict=True)
    return ThreadsReply(
        pack_u32(uids), next_uid, pack_i64(dates), bytes([len(each) // 8 for each in ids]), b"".join(ids)
    )


ROWS = (read(contract.sort, sort), read(contract.threads, threads))
