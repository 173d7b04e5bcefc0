"""Search keys whose answer stands in the rows of messages: save dates and object ids."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import TypeAlias

from services.imap.columns import unpack
from services.imap.context import MailboxContext
from services.imap.fetching.rows import ask, behind
from services.imap.object_ids import email_id, thread_id
from shared.contracts.messages import Column, RowsReply
from shared.protocols.imap.dates import DAY
from shared.protocols.imap.syntax.search_key import EmailId, Saved, ThreadId

RowKey: TypeAlias = Saved | EmailId | ThreadId

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": lambda day, wanted: day < wanted,
    "=": lambda day, wanted: day == wanted,
    ">=": lambda day, wanted: day >= wanted,
}


async def fitting(mailbox: MailboxContext, key: RowKey, uids: array[int]) -> set[int]:
    """Those of ``uids`` that fit."""
    found: set[int] = set()
    column = _column(key)
    while uids:
        reply = await ask(mailbox, column, uids)
        found.update(uid for uid, fits in zip(unpack("I", reply.uids), _judged(key, reply), strict=True) if fits)
        uids = behind(uids, reply)
    return found


def _column(key: RowKey) -> Column:
    match key:
        case Saved():
            return Column.SAVED
        case EmailId():
            return Column.EMAIL_ID
        case ThreadId():
            return Column.THREAD_ID


def _judged(key: RowKey, reply: RowsReply) -> Iterator[bool]:
    match key:
        case Saved(relation, days):
            compare = _COMPARE[relation]
            return (compare(saved // DAY, days) for saved in reply.saved)
        case EmailId(wanted):
            return (email_id(digest) == wanted for digest in reply.email_ids)
        case ThreadId(wanted):
            return (thread_id(digest) == wanted for digest in reply.thread_ids)
