"""Leases on duties: who has one does it, the others leave it alone until the lease has ended."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, update

from services.storage.engines.statements import insert_or_ignore
from services.storage.tables.duties import duty

TAKE = (
    update(duty)
    .where(duty.c.name == bindparam("duty"), or_(duty.c.holder == bindparam("who"), duty.c.until < bindparam("now")))
    .values(holder=bindparam("who"), until=bindparam("end"))
)


def take(connection: Connection, now: float, name: str, who: str, seconds: float) -> bool:
    """Whether ``who`` has the duty from now on, or still. Nobody else gets it for ``seconds``."""
    values = {"duty": name, "who": who, "now": now, "end": now + seconds}
    if connection.execute(TAKE, values).rowcount:
        return True
    new = insert_or_ignore(connection, duty)
    return connection.execute(new, {"name": name, "holder": who, "until": now + seconds}).rowcount > 0
