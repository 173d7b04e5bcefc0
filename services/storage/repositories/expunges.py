"""The history of expunged UIDs, for those who come back and ask what vanished (RFC 7162 section 3.2).

Invariant: for every modseq above ``mailbox.expunged_before`` the history is whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from services.storage.tables.schema import expunge, mailbox

KEPT = 30 * 86_400  # seconds

ADD = insert(expunge)
SINCE = (
    select(expunge.c.uid)
    .where(expunge.c.mailbox_id == bindparam("mailbox"), expunge.c.modseq > bindparam("since"))
    .order_by(expunge.c.uid)
    .limit(bindparam("limit"))
)
OLD = (
    select(expunge.c.mailbox_id, func.max(expunge.c.modseq))
    .where(expunge.c.at < bindparam("before"))
    .group_by(expunge.c.mailbox_id)
)
FORGET = delete(expunge).where(expunge.c.mailbox_id == bindparam("mailbox"), expunge.c.modseq <= bindparam("upto"))
MARK = update(mailbox).where(mailbox.c.id == bindparam("mailbox")).values(expunged_before=bindparam("upto"))


def add(connection: Connection, now: float, gone: Sequence[tuple[int, int, int]]) -> None:
    """Remember (mailbox id, modseq, UID)."""
    if gone:
        at = int(now)
        rows = [{"mailbox_id": box, "modseq": modseq, "uid": uid, "at": at} for box, modseq, uid in gone]
        connection.execute(ADD, rows)


def since(connection: Connection, mailbox_id: int, modseq: int, limit: int) -> list[int]:
    """UIDs expunged after ``modseq``, ascending, at most ``limit``."""
    given = {"mailbox": mailbox_id, "since": modseq, "limit": limit}
    return list(connection.execute(SINCE, given).scalars())


def forget(connection: Connection, now: float) -> Mapping[int, int]:
    """Drop history older than 30 days; returns up to which modseq, by mailbox id."""
    old = dict(connection.execute(OLD, {"before": int(now) - KEPT}).all())
    if old:
        rows = [{"mailbox": number, "upto": modseq} for number, modseq in old.items()]
        connection.execute(MARK, rows)
        connection.execute(FORGET, rows)
    return old
