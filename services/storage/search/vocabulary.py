"""Drops words that no message has any more, a few at a time, once messages have gone.

A reader finds them, the writer looks again before it drops them: what is indexed meanwhile keeps its words. Who
remembers words as known learns from the count of drops that they need not be there (`repositories/words.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import trio
from sqlalchemy import Connection

from services.storage.registry import Lane, read, write
from services.storage.repositories import duties, words
from services.storage.rooms import Rooms
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.directory import Done
from shared.contracts.errors import Refused
from shared.contracts.op import Op, Repeat
from shared.observe.log import Log

NOBODY = frozenset[str]()
STEP = 200  # words looked at in one go
PAUSE = 0.05  # seconds between two steps
LEASE = 600.0  # seconds for which a process has the duty after it was last heard of
ROUND = 1_000  # steps after which the duty is taken again


class Turn(NamedTuple):
    replica: str


class Due(NamedTuple):
    """``forgotten``: contents that went since the last walk; 0: nothing to do, or somebody else does it."""

    forgotten: int


class Look(NamedTuple):
    after: int


class Looked(NamedTuple):
    """``after``: where to go on; 0 at the end."""

    unused: tuple[tuple[int, str], ...]  # id, word
    after: int


class Drop(NamedTuple):
    unused: tuple[tuple[int, str], ...]


class Dropped(NamedTuple):
    words: int


class Walked(NamedTuple):
    forgotten: int


class Vocabulary:
    """Runs beside the requests. ``interval`` seconds lie between two walks, ``replica`` names this process."""

    def __init__(self, interval: float, rooms: Rooms, replica: str, log: Log) -> None:
        self._interval = interval
        self._rooms = rooms
        self._replica = replica
        self._log = log

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await trio.sleep(self._interval)
            try:
                await self.walk()
            except Refused as error:  # a full disk, a busy database: later
                self._log.warning("storage.vocabulary_put_off", reason=str(error))

    async def walk(self) -> int:
        """Drop all that may go; how many words that were."""
        forgotten = (await self._rooms.ask(DUE, Turn(self._replica))).forgotten
        if not forgotten:
            return 0
        after, count, steps = 0, 0, 0
        while True:
            looked = await self._rooms.ask(LOOK, Look(after))
            if looked.unused:
                count += (await self._rooms.ask(DROP, Drop(looked.unused))).words
            if not looked.after:
                break
            after, steps = looked.after, steps + 1
            if steps % ROUND == 0:
                await self._rooms.ask(DUE, Turn(self._replica))
            await trio.sleep(PAUSE)
        await self._rooms.ask(WALKED, Walked(forgotten))
        self._log.info("storage.words_dropped", words=count)
        return count


def _due(work: UnitOfWork, asked: Sequence[Asked[Turn]]) -> Sequence[Due]:
    forgotten = words.forgotten(work.connection)
    return [Due(forgotten if forgotten and _mine(work, each.request.replica) else 0) for each in asked]


def _mine(work: UnitOfWork, replica: str) -> bool:
    return duties.take(work.connection, work.now, "vocabulary", replica, LEASE)


def _look(connection: Connection, asked: Sequence[Asked[Look]]) -> Sequence[Looked]:
    return [_looked(connection, each.request.after) for each in asked]


def _looked(connection: Connection, after: int) -> Looked:
    some = words.vocabulary(connection, after, STEP)
    unused = words.unused(connection, some)
    return Looked(tuple(unused.items()), max(some) if len(some) == STEP else 0)


def _drop(work: UnitOfWork, asked: Sequence[Asked[Drop]]) -> Sequence[Dropped]:
    return [Dropped(words.drop(work.connection, dict(each.request.unused))) for each in asked]


def _walked(work: UnitOfWork, asked: Sequence[Asked[Walked]]) -> Sequence[Done]:
    for each in asked:
        words.walked(work.connection, each.request.forgotten)
    return [Done()] * len(asked)


DUE = write(Op("vocabulary.due", Turn, Due, NOBODY, 10.0, Repeat.SAFE), _due)
LOOK = read(Op("vocabulary.look", Look, Looked, NOBODY, 60.0, Repeat.SAFE), _look, lane=Lane.HEAVY)
DROP = write(Op("vocabulary.drop", Drop, Dropped, NOBODY, 60.0, Repeat.SAFE), _drop)
WALKED = write(Op("vocabulary.walked", Walked, Done, NOBODY, 60.0, Repeat.SAFE), _walked)
