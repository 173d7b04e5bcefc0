"""The history of expunged UIDs, for those who come back and ask what vanished (RFC 7162 section 3.2).

Invariant: for every modseq above ``mailbox.expunged_before`` the history is whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from services.storage.engines.prepared import Prepared
from services.storage.tables.schema import expunge, mailbox

KEPT = 30 * 86_400  # seconds
MANY = 500  # mailboxes in one step of the sweeper

ADD = Prepared(insert(expunge), "mailbox_id", "modseq", "uid", "at")
SINCE = (
    select(expunge.c.uid)
    .where(expunge.c.mailbox_id == bindparam("mailbox"), expunge.c.modseq > bindparam("since"))
    .order_by(expunge.c.uid)
    .limit(bindparam("limit"))
)
_OLDEST = (  # the first row of the primary key: one descent a mailbox, however long the history
    select(expunge.c.at)
    .where(expunge.c.mailbox_id == mailbox.c.id)
    .order_by(expunge.c.modseq)
    .limit(1)
    .scalar_subquery()
)
OLD = select(mailbox.c.id).where(bindparam("before") > _OLDEST).limit(bindparam("limit"))
UPTO = (
    select(expunge.c.mailbox_id, func.max(expunge.c.modseq))
    .where(expunge.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)), expunge.c.at < bindparam("before"))
    .group_by(expunge.c.mailbox_id)
)
FORGET = delete(expunge).where(expunge.c.mailbox_id == bindparam("mailbox"), expunge.c.modseq <= bindparam("upto"))
MARK = update(mailbox).where(mailbox.c.id == bindparam("mailbox")).values(expunged_before=bindparam("upto"))


def add(connection: Connection, now: float, gone: Sequence[tuple[int, int, int]]) -> None:
    """Remember (mailbox id, modseq, UID)."""
    at = int(now)
    ADD.run_many(connection, [(*each, at) for each in gone])


def since(connection: Connection, mailbox_id: int, modseq: int, limit: int) -> list[int]:
    """UIDs expunged after ``modseq``, ascending, at most ``limit``."""
    given = {"mailbox": mailbox_id, "since": modseq, "limit": limit}
    return list(connection.execute(SINCE, given).scalars())


def forget(connection: Connection, now: float) -> None:
    """Drop history older than 30 days, of at most `MANY` mailboxes."""
    before = int(now) - KEPT
    old = connection.execute(OLD, {"before": before, "limit": MANY}).scalars().all()
    if old:
        last = connection.execute(UPTO, {"mailboxes": old, "before": before})
        rows = [{"mailbox": number, "upto": modseq} for number, modseq in last]
        connection.execute(MARK, rows)
        connection.execute(FORGET, rows)
