"""Failed logins of the day, so that a restart forgives nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, update

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


class Forgiven(NamedTuple):
    scopes: tuple[str, ...]


class Failed(NamedTuple):
    """How often today, and when last (Unix seconds); ``last`` is negative where that was forgiven, then."""

    scope: str
    failures: int
    last: float


FORGIVE = (
    update(login_failure)
    .where(login_failure.c.scope == bindparam("whose"), login_failure.c.day == bindparam("on"))
    .values(last=bindparam("at"))
)
TODAY = select(login_failure.c.scope, login_failure.c.count, login_failure.c.last).where(
    login_failure.c.day == bindparam("today"), func.abs(login_failure.c.last) > bindparam("since")
)


def count(work: UnitOfWork, asked: Sequence[Asked[Counted]]) -> Sequence[Done]:
    """Add one for each scope."""
    counts: dict[str, int] = {}
    for each in asked:
        for scope in each.request.scopes:
            counts[scope] = counts.get(scope, 0) + 1
    day = int(work.now) // DAY
    rows = [{"scope": scope, "day": day, "count": added, "last": work.now} for scope, added in sorted(counts.items())]
    if rows:
        work.connection.execute(insert_or_add(work.connection, login_failure, "count", "last"), rows)
    return [Done()] * len(asked)


COUNT = write(Op("login.failed", Counted, Done, frozenset(), 8.0, Repeat.SAFE), count, reach=lambda asked: Reach())


def forgive(work: UnitOfWork, asked: Sequence[Asked[Forgiven]]) -> Sequence[Done]:
    """Somebody has shown that he belongs there: the count stays, the moment of the failure gives way to this one."""
    day = int(work.now) // DAY
    scopes = sorted({scope for each in asked for scope in each.request.scopes})
    rows = [{"whose": scope, "on": day, "at": -work.now} for scope in scopes]
    work.connection.execute(FORGIVE, rows)
    return [Done()] * len(asked)


FORGIVEN = write(
    Op("login.forgiven", Forgiven, Done, frozenset(), 8.0, Repeat.SAFE), forgive, reach=lambda asked: Reach()
)


def today(connection: Connection, now: float, since: float = 0.0) -> list[Failed]:
    """Today's failures in scopes where something has happened since then."""
    rows = connection.execute(TODAY, {"today": int(now) // DAY, "since": since})
    return [Failed(*row) for row in rows]


def forget(connection: Connection, now: float) -> None:
    """Drop all days before yesterday."""
    connection.execute(delete(login_failure).where(login_failure.c.day < int(now) // DAY - 1))
