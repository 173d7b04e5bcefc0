"""`messages.rows`: what a listing shows of each message, as it was rendered when the message arrived."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func

from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Picker
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import body, content, message
from services.storage.unit_of_work import Asked
from shared.contracts.errors import Code, Refused
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
}


def rows(connection: Connection, asked: Sequence[Asked[RowsRequest]]) -> list[RowsReply | Refused]:
    """The asked columns of as many messages as fit the limit."""
    ledger = Ledger(connection)
    ledger.load([each.request.mailbox for each in asked])
    answers: list[RowsReply | Refused] = []
    for each in asked:
        state = ledger.owned(each.request.mailbox, each.account)
        try:
            answers.append(_rows(connection, state, each.request))
        except Refused as refused:
            answers.append(refused)
    return answers


def _rows(connection: Connection, state: MailboxState | None, request: RowsRequest) -> RowsReply:
    if state is None:
        raise Refused(Code.NOT_FOUND, "no such mailbox")
    uids = unpack_uids(request.uids)
    left = min(request.limit, MAX_OCTETS)
    kept: list[Any] = []
    for page in _picker(request.columns).pages(connection, state.id, uids, PAGE):
        fitting = _fitting(page, left)
        if not kept and not fitting:
            fitting = 1 if page else 0
        kept += page[:fitting]
        if fitting < len(page):
            return _reply(request.columns, kept, page[fitting][1])
        left -= sum(_cost(row) for row in page)
    return _reply(request.columns, kept, 0)


def _cost(row: Any) -> int:
    return OVERHEAD + sum(map(len, row[3:]))


def _fitting(page: Sequence[Any], left: int) -> int:
    """How many rows of ``page`` fit into ``left`` octets."""
    return sum(1 for total in accumulate(map(_cost, page)) if total <= left)


@cache
def _picker(columns: int) -> Picker:
    """Each row: mailbox, UID, prefix, and a text for each bit of ``columns``."""
    source: FromClause = message.join(content)
    wanted: list[ColumnElement[Any]] = [message.c.prefix]
    if columns & Column.HEADER:
        source = source.join(body, body.c.content_id == content.c.id)
    wanted += [field for bit, (_, field) in FIELDS.items() if columns & bit]
    return Picker(*wanted, source=source)


def _reply(columns: int, kept: Sequence[Any], next_uid: int) -> RowsReply:
    if not kept:
        return RowsReply(b"", next_uid)
    _, uids, prefixes, *texts = zip(*kept, strict=True)
    names = [name for bit, (name, _) in FIELDS.items() if columns & bit]
    by_name: dict[str, Any] = dict(zip(names, texts, strict=True))
    if "headers" in by_name:
        headers = map(bytes.__add__, prefixes, by_name["headers"])
        by_name["headers"] = tuple(header[:MAX_OCTETS] for header in headers)
    return RowsReply(pack_u32(uids), next_uid, prefixes=tuple(map(len, prefixes)), **by_name)
