"""Failed logins of the day, so that a restart forgives nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from services.storage.engines.database import Reach
from services.storage.engines.statements import insert_or_add
from services.storage.registry import write
from services.storage.tables.schema import login_failure
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat

DAY = 86_400


class Counted(NamedTuple):
    scopes: tuple[str, ...]


def count(work: UnitOfWork, asked: Sequence[Asked[Counted]]) -> Sequence[Done]:
    """Add one for each scope."""
    counts: dict[str, int] = {}
    for each in asked:
        for scope in each.request.scopes:
            counts[scope] = counts.get(scope, 0) + 1
    day = int(work.now) // DAY
    rows = [{"scope": scope, "day": day, "count": added, "last": work.now} for scope, added in sorted(counts.items())]
    if rows:
        work.connection.execute(insert_or_add(work.connection, login_failure, "count"), rows)
    return [Done()] * len(asked)


COUNT = write(Op("login.failed", Counted, Done, frozenset(), 8.0, Repeat.SAFE), count, reach=lambda asked: Reach())


def today(connection: Connection, now: float) -> list[tuple[str, int]]:
    """(scope, failures) of today."""
    query = select(login_failure.c.scope, login_failure.c.count).where(login_failure.c.day == int(now) // DAY)
    return [(scope, failures) for scope, failures in connection.execute(query)]


def forget(connection: Connection, now: float) -> None:
    """Drop all days before yesterday."""
    connection.execute(delete(login_failure).where(login_failure.c.day < int(now) // DAY - 1))
