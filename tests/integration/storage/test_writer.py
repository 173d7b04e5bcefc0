"""Group commit: together or alone, once, and never half."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
import trio
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from services.storage.config import Rooms as RoomSettings
from services.storage.engines.open import open_database
from services.storage.migrations.run import migrate
from services.storage.registry import AnyRow, Row, read, write
from services.storage.rooms import Rooms
from services.storage.tables.schema import domain
from services.storage.turn import TaskTurn
from services.storage.unit_of_work import Announcement, Asked, UnitOfWork
from shared.contracts.changes import ListChange, list_changed
from shared.contracts.errors import Code, Refused
from shared.contracts.op import Op, Repeat
from tests.support import databases


class Add(NamedTuple):
    grant: bytes
    key: str
    name: str


class Added(NamedTuple):
    name: str
    batch: int


class Nothing(NamedTuple):
    pass


class Names(NamedTuple):
    names: tuple[str, ...]


class Bench:
    """Rooms on a real file, with one write and one read."""

    def __init__(self, rooms: Rooms, announced: list[Announcement]) -> None:
        self.rooms = rooms
        self.announced = announced
        self.runs = 0
        self.trouble: BaseException | None = None
        self.add: AnyRow = write(Op("test.add", Add, Added, frozenset(), 8.0, Repeat.KEYED), self._add)
        self.names: Row[Nothing, Names] = read(
            Op("test.names", Nothing, Names, frozenset(), 8.0, Repeat.SAFE), self._names
        )

    def _add(self, work: UnitOfWork, asked: Sequence[Asked[Add]]) -> Sequence[Added | Refused]:
        self.runs += 1
        if self.trouble is not None:
            raise self.trouble
        names = [each.request.name for each in asked]
        work.connection.execute(insert(domain), [{"name": name} for name in names])
        for name in names:
            work.publish(list_changed, ListChange(len(name)), key=1)
        if "bad" in names:
            raise RuntimeError("a bug")
        if "late" in names:
            raise Refused(Code.CANNOT, "after it wrote")
        return [Refused(Code.CANNOT, "no") if name == "no" else Added(name, self.runs) for name in names]

    def _names(self, connection: Any, asked: Sequence[Asked[Nothing]]) -> Sequence[Names]:
        return [Names(tuple(connection.execute(select(domain.c.name).order_by(domain.c.name)).scalars()))] * len(
            asked
        )

    def enter(self, name: str, key: str = "", account: int = 1, deadline: float = float("inf")) -> TaskTurn:
        turn = TaskTurn(self.add, Asked(Add(b"", key or name, name), "imap", account), deadline)
        self.rooms.enter(turn)
        return turn

    async def try_add(self, *names: str) -> list[Any]:
        """The outcomes of requests that wait together."""
        outcomes = []
        for turn in [self.enter(name) for name in names]:
            try:
                outcomes.append((await turn.wait()).name)
            except Refused as refused:
                outcomes.append(refused.code)
        return outcomes

    async def stored(self) -> tuple[str, ...]:
        return (await self.rooms.ask(self.names, Nothing())).names


@asynccontextmanager
async def bench(folder: Path, **settings: int) -> AsyncIterator[Bench]:
    database = open_database(databases.url_in(folder))
    with database.writer() as connection, connection.begin():
        migrate(connection)
    announced: list[Announcement] = []
    rooms = Rooms(database, lambda: 1e9, announced.extend, structlog.get_logger(), RoomSettings(**settings))
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(rooms.run)
            yield Bench(rooms, announced)
            nursery.cancel_scope.cancel()
    finally:
        database.close()


async def test_the_culprit_fails_alone(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        names = [f"n{number}" for number in range(30)]
        outcomes = await made.try_add("first", *names, "bad", "late", "last")
        assert outcomes == ["first", *names, Code.UNAVAILABLE, Code.CANNOT, "last"]
        assert set(await made.stored()) == {"first", *names, "last"}
        assert len(made.announced) == 32, "what was rolled back is not announced"


async def test_waiting_requests_share_a_transaction(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        await made.try_add(*(f"n{number}" for number in range(200)))
        assert made.runs < 20


async def test_a_repeat_gets_the_recorded_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        first = await made.enter("one", "key").wait()
        again = await made.enter("one", "key").wait()
        assert again == first
        assert made.runs == 1
        with pytest.raises(Refused) as refused:
            await made.enter("two", "key").wait()
        assert refused.value.code is Code.CONFLICT
        await made.enter("other", "key", account=2).wait()
        twins = [made.enter("twin", "k2"), made.enter("twin", "k2")]
        assert await twins[0].wait() == await twins[1].wait()
        assert await made.stored() == ("one", "other", "twin")


async def test_what_was_refused_may_be_tried_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        for _ in range(2):
            with pytest.raises(Refused):
                await made.enter("late", "key").wait()
        assert made.runs == 2


async def test_nobody_waits_for_what_is_late(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        with pytest.raises(Refused) as refused:
            await made.enter("one", deadline=trio.current_time() - 1).wait()
        assert refused.value.code is Code.UNAVAILABLE
        assert made.runs == 0


async def test_a_full_queue_refuses(tmp_path: Path) -> None:
    async with bench(tmp_path, waiting=3) as made:
        turns = [made.enter(f"n{number}") for number in range(3)]
        with pytest.raises(Refused) as refused:
            made.enter("one too many")
        assert refused.value.code is Code.UNAVAILABLE
        for turn in turns:
            await turn.wait()
        await made.enter("now").wait()


class _DriverError(Exception):
    def __init__(self, code: int) -> None:
        self.sqlite_errorcode = code


def _trouble(code: int) -> OperationalError:
    return OperationalError("COMMIT", {}, _DriverError(code))


@pytest.mark.sqlite
async def test_a_full_disk_refuses_and_goes_on(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        made.trouble = _trouble(13)
        assert await made.try_add("one", "two") == [Code.UNAVAILABLE, Code.UNAVAILABLE]
        made.trouble = None
        assert await made.try_add("one", "two") == ["one", "two"]


@pytest.mark.sqlite
@pytest.mark.parametrize("code", [10, 1034, 11, 26])
async def test_a_disk_that_fails_ends_the_process(tmp_path: Path, code: int) -> None:
    with pytest.RaisesGroup(OperationalError, flatten_subgroups=True):
        async with bench(tmp_path) as made:
            made.trouble = _trouble(code)
            made.enter("one")
            await trio.sleep(5)
            pytest.fail("it went on")


async def test_events_leave_in_order_after_the_commit(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        await made.try_add("a", "bb", "ccc")
        assert [announcement.payload.account for announcement in made.announced] == [1, 2, 3]
