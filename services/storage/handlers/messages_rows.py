"""`messages.rows`: what a listing shows of each message, as it was rendered when the message arrived."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func

from services.storage.repositories.access import Access
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Picker
from services.storage.rules import object_ids
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import body, content, message
from services.storage.unit_of_work import Asked
from shared.contracts.errors import Refused
from shared.contracts.messages import Column, RowsReply, RowsRequest

PAGE = 500  # UIDs read at a time, so that little is read in vain behind the cut
MAX_OCTETS = 800_000  # what one frame carries beside UIDs and lengths
OVERHEAD = 24  # octets of a row beside its texts

FIELDS = {  # the column of `RowsReply` for each bit, and where it comes from
    Column.ENVELOPE: ("envelopes", content.c.envelope),
    Column.BODY_STRUCTURE: ("body_structures", content.c.body_structure),
    Column.PARTS: ("parts", content.c.parts),
    Column.HEADER: ("headers", func.substr(body.c.octets, 1, content.c.header_size)),
    Column.PREVIEW: ("previews", content.c.preview),
    Column.THREAD_ID: ("thread_ids", content.c.thread),
}
FACTS = (message.c.date, message.c.saved, content.c.hash)
FACTUAL = Column.EMAIL_ID | Column.THREAD_ID | Column.SAVED  # these need `FACTS`, which stand in front of the texts


def rows(connection: Connection, asked: Sequence[Asked[RowsRequest]]) -> list[RowsReply | Refused]:
    """The asked columns of as many messages as fit the limit."""
    access = Access(Ledger(connection))
    access.ledger.load([each.request.mailbox for each in asked])
    answers: list[RowsReply | Refused] = []
    for each in asked:
        state = access.by_id(each.request.mailbox, each.account, "r")
        try:
            answers.append(_rows(connection, state, each.request))
        except Refused as refused:
            answers.append(refused)
    return answers


def _rows(connection: Connection, state: MailboxState | Refused, request: RowsRequest) -> RowsReply:
    if isinstance(state, Refused):
        raise state
    uids = unpack_uids(request.uids)
    left = min(request.limit, MAX_OCTETS)
    kept: list[Any] = []
    texts = 3 + (len(FACTS) if request.columns & FACTUAL else 0)
    for page in _picker(request.columns).pages(connection, state.id, uids, PAGE):
        costs = [OVERHEAD + sum(map(len, row[texts:])) for row in page]
        octets = sum(costs)
        if octets > left:
            fitting = sum(1 for total in accumulate(costs) if total <= left)
            if not kept and not fitting:
                fitting = 1
            kept += page[:fitting]
            return _reply(request.columns, kept, page[fitting][1] if fitting < len(page) else page[-1][1] + 1)
        kept += page
        left -= octets
    return _reply(request.columns, kept, 0)


@cache
def _picker(columns: int) -> Picker:
    """Each row: mailbox, UID, prefix, perhaps `FACTS`, and a text for each bit of ``columns``."""
    source: FromClause = message.join(content)
    wanted: list[ColumnElement[Any]] = [message.c.prefix]
    if columns & FACTUAL:
        wanted += FACTS
    if columns & Column.HEADER:
        source = source.join(body, body.c.content_id == content.c.id)
    wanted += [field for bit, (_, field) in FIELDS.items() if columns & bit]
    return Picker(*wanted, source=source)


def _reply(columns: int, kept: Sequence[Any], next_uid: int) -> RowsReply:
    if not kept:
        return RowsReply(b"", next_uid)
    _, uids, prefixes, *texts = zip(*kept, strict=True)
    facts: Sequence[Any] = ()
    if columns & FACTUAL:
        facts, texts = texts[: len(FACTS)], texts[len(FACTS) :]
    names = [name for bit, (name, _) in FIELDS.items() if columns & bit]
    by_name: dict[str, Any] = dict(zip(names, texts, strict=True))
    if "headers" in by_name:
        headers = map(bytes.__add__, prefixes, by_name["headers"])
        by_name["headers"] = tuple(header[:MAX_OCTETS] for header in headers)
    if facts:
        _add_facts(columns, by_name, prefixes, *facts)
    return RowsReply(pack_u32(uids), next_uid, prefixes=tuple(map(len, prefixes)), **by_name)


def _add_facts(
    columns: int,
    by_name: dict[str, Any],
    prefixes: Sequence[bytes],
    dates: Sequence[int],
    saved: Sequence[int],
    hashes: Sequence[bytes],
) -> None:
    """What no text says by itself."""
    if columns & Column.SAVED:
        by_name["saved"] = saved
    if columns & Column.EMAIL_ID:
        by_name["email_ids"] = tuple(map(object_ids.email, hashes, dates, prefixes))
    if columns & Column.THREAD_ID:
        by_name["thread_ids"] = tuple(map(object_ids.thread, hashes, by_name["thread_ids"]))
