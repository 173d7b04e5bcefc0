"""How much waits in the spool, counted now and then for those who scale and those who watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import trio
from sqlalchemy import Connection

from services.storage.registry import read
from services.storage.repositories import queue
from services.storage.rooms import Rooms
from services.storage.unit_of_work import Asked
from shared.contracts.errors import Refused
from shared.contracts.op import Op, Repeat
from shared.observe import metrics

INTERVAL = 10.0  # seconds
STATES = ("ready", "held", "failed")


class CensusRequest(NamedTuple):
    pass


class Census(NamedTuple):
    """Recipients by state, and since when the oldest of them is due (Unix seconds; 0 when there is none)."""

    counts: tuple[int, ...]  # as `STATES`
    oldest: float


def take(connection: Connection, asked: Sequence[Asked[CensusRequest]]) -> Sequence[Census]:
    """Count."""
    counts, oldest = queue.census(connection)
    return [Census(tuple(counts.get(state, 0) for state in STATES), oldest)] * len(asked)


CENSUS = read(Op("spool.census", CensusRequest, Census, frozenset(), 30.0, Repeat.SAFE), take)


async def watch_spool(rooms: Rooms, clock: Callable[[], float]) -> None:
    """Keep the metrics of the spool up to date, for ever."""
    while True:
        try:
            census = await rooms.ask(CENSUS, CensusRequest())
        except Refused:
            await trio.sleep(INTERVAL)  # the figures stay what they were
            continue
        for state, count in zip(STATES, census.counts, strict=True):
            metrics.queue_messages(state).set(count)
        age = max(0.0, clock() - census.oldest) if census.oldest else 0.0
        metrics.queue_oldest_seconds("ready").set(age)
        await trio.sleep(INTERVAL)
