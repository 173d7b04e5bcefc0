"""Locks of maildrops, with their leases."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from services.storage.engines.statements import insert_or_update
from services.storage.tables.schema import maildrop_lock

HOLDER = select(maildrop_lock.c.session, maildrop_lock.c.until, maildrop_lock.c.opened).where(
    maildrop_lock.c.mailbox_id == bindparam("mailbox")
)
UNLOCK = update(maildrop_lock).where(maildrop_lock.c.mailbox_id == bindparam("mailbox")).values(session="", until=0.0)


class Holder(NamedTuple):
    session: str
    until: float  # Unix seconds
    opened: float  # Unix seconds


def holder(connection: Connection, mailbox: int) -> Holder | None:
    """Who has the lock, or had it last; its lease may be over."""
    row = connection.execute(HOLDER, {"mailbox": mailbox}).first()
    return None if row is None else Holder(*row)


def lock(connection: Connection, mailbox: int, holder: Holder) -> None:
    """Give the lock to ``holder``, whoever had it."""
    row = {"mailbox_id": mailbox, **holder._asdict()}
    connection.execute(insert_or_update(connection, maildrop_lock, *Holder._fields), row)


def unlock(connection: Connection, mailbox: int) -> None:
    """Give the lock back."""
    connection.execute(UNLOCK, {"mailbox": mailbox})
