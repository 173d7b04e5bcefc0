"""Locks of maildrops, with their leases."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from services.storage.tables.schema import maildrop_lock

HOLDER = select(maildrop_lock.c.session, maildrop_lock.c.until).where(
    maildrop_lock.c.mailbox_id == bindparam("mailbox")
)
LOCK = insert(maildrop_lock)
RENEW = (
    update(maildrop_lock)
    .where(maildrop_lock.c.mailbox_id == bindparam("mailbox"))
    .values(session=bindparam("by"), until=bindparam("upto"))
)
UNLOCK = delete(maildrop_lock).where(maildrop_lock.c.mailbox_id == bindparam("mailbox"))


class Holder(NamedTuple):
    session: str
    until: float  # Unix seconds


def holder(connection: Connection, mailbox: int) -> Holder | None:
    """Who has the lock; its lease may be over."""
    row = connection.execute(HOLDER, {"mailbox": mailbox}).first()
    return None if row is None else Holder(*row)


def lock(connection: Connection, mailbox: int, session: str, until: float) -> None:
    """Give the lock to ``session``, whoever had it."""
    renewed = connection.execute(RENEW, {"mailbox": mailbox, "by": session, "upto": until})
    if not renewed.rowcount:
        connection.execute(LOCK, {"mailbox_id": mailbox, "session": session, "until": until})


def unlock(connection: Connection, mailbox: int) -> None:
    """Give the lock back."""
    connection.execute(UNLOCK, {"mailbox": mailbox})
