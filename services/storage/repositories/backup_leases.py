"""Leases of backups under way, which hold back the collection of bodies."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select, update

from services.storage.engines.statements import insert_or_update
from services.storage.tables.backup import backup_lease

LONGEST = 3_600.0  # seconds

LIVING = select(backup_lease.c.id).where(backup_lease.c.until > bindparam("now")).limit(1)
PROLONG = (
    update(backup_lease)
    .where(backup_lease.c.id == bindparam("of"), backup_lease.c.until > bindparam("now"))
    .values(until=bindparam("end"))
)
FORGET = delete(backup_lease).where(backup_lease.c.until <= bindparam("now"))


def grant(connection: Connection, now: float, lease: str, seconds: float) -> None:
    """Begin the lease."""
    row = {"id": lease, "until": now + min(seconds, LONGEST)}
    connection.execute(insert_or_update(connection, backup_lease, "until"), row)


def prolong(connection: Connection, now: float, lease: str, seconds: float) -> bool:
    """Let it go on from now; False when it has ended."""
    end = now + min(max(seconds, 0.0), LONGEST)
    return connection.execute(PROLONG, {"of": lease, "now": now, "end": end}).rowcount > 0


def living(connection: Connection, now: float) -> bool:
    """Whether any backup is under way."""
    return connection.execute(LIVING, {"now": now}).first() is not None


def forget(connection: Connection, now: float) -> None:
    """Remove those that have ended."""
    connection.execute(FORGET, {"now": now})
