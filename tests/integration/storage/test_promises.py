"""When what was published is crossed out: many together, what is old, and all once nothing else is to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from services.storage.engines.open import open_database
from services.storage.left_behind import PATIENCE
from services.storage.promises import MANY, OLD, Promises
from services.storage.unit_of_work import UnitOfWork
from shared.contracts import spool
from tests.support import databases

pytestmark = pytest.mark.postgresql

START = 1_000.0


@pytest.fixture
def connection(tmp_path: Path, engine: str) -> Iterator[Connection]:
    database = open_database(databases.url_in(tmp_path))
    with database.writer() as writer:
        yield writer
    database.close()


def commit(connection: Connection, promises: Promises, now: float, *, tells: bool = True, idle: bool = False) -> int:
    """One transaction of the writer, published at once; how many promises stand written down after it."""
    work = UnitOfWork(connection, now)
    if tells:
        work.publish(spool.ready, spool.Ready(1, 0))
    with connection.begin():
        promises.write(work, idle=idle)
        count = connection.exec_driver_sql("SELECT count(*) FROM announcement").scalar_one()
    promises.committed(work)
    promises.keep(work)
    return int(count)


def test_many_are_crossed_out_together(connection: Connection) -> None:
    promises = Promises()
    assert [commit(connection, promises, START) for _ in range(MANY)] == list(range(1, MANY + 1))
    assert commit(connection, promises, START) == 1


def test_what_is_old_is_crossed_out_before_others_take_it_for_left_behind(connection: Connection) -> None:
    promises = Promises()
    commit(connection, promises, START)
    assert commit(connection, promises, START + OLD) == 2
    assert commit(connection, promises, START + OLD + 0.1) == 1
    assert OLD < PATIENCE / 2


def test_all_are_crossed_out_when_nothing_else_is_to_do(connection: Connection) -> None:
    promises = Promises()
    commit(connection, promises, START)
    assert commit(connection, promises, START, tells=False, idle=True) == 0
    assert not promises.any_kept


def test_what_a_lost_transaction_crossed_out_is_crossed_out_again(connection: Connection) -> None:
    promises = Promises()
    commit(connection, promises, START)
    work = UnitOfWork(connection, START)
    with connection.begin() as transaction:
        promises.write(work, idle=True)
        transaction.rollback()
    assert promises.any_kept
    assert commit(connection, promises, START, tells=False, idle=True) == 0
