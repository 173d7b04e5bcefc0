"""Leases on duties: who has one does it, the others leave it alone until the lease has ended."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select, update

from services.storage.engines.statements import insert_or_ignore
from services.storage.tables.duties import duty

TAKE = (
    update(duty)
    .where(duty.c.name == bindparam("duty"), or_(duty.c.holder == bindparam("who"), duty.c.until < bindparam("now")))
    .values(holder=bindparam("who"), until=bindparam("end"))
)

HOLDER = select(duty.c.holder).where(duty.c.name == bindparam("duty"))


def take(connection: Connection, now: float, name: str, who: str, seconds: float) -> bool:
    """Whether ``who`` has the duty from now on, or still. Nobody else gets it for ``seconds``."""
    values = {"duty": name, "who": who, "now": now, "end": now + seconds}
    if connection.execute(TAKE, values).rowcount:
        return True
    new = insert_or_ignore(connection, duty).returning(duty.c.name)  # whose row count not every driver keeps
    return connection.execute(new, {"name": name, "holder": who, "until": now + seconds}).first() is not None


def is_held(connection: Connection, name: str, who: str) -> bool:
    """Whether nobody has taken the duty from ``who``, even if the lease has ended."""
    holder: str | None = connection.execute(HOLDER, {"duty": name}).scalar()
    return holder == who
