"""Locks of maildrops, with their leases."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from services.storage.engines.statements import insert_or_update
from services.storage.tables.schema import maildrop_lock

HOLDER = select(maildrop_lock.c.session, maildrop_lock.c.until).where(
    maildrop_lock.c.mailbox_id == bindparam("mailbox")
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
    row = {"mailbox_id": mailbox, "session": session, "until": until}
    connection.execute(insert_or_update(connection, maildrop_lock, "session", "until"), row)


def unlock(connection: Connection, mailbox: int) -> None:
    """Give the lock back."""
    connection.execute(UNLOCK, {"mailbox": mailbox})
