"""The writer and the lanes of readers, as the rest of storage sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import trio

from services.storage import config
from services.storage.engines.database import Database
from services.storage.readers import Readers
from services.storage.registry import Lane, Row
from services.storage.turn import NEVER, TaskTurn, Turn
from services.storage.unit_of_work import Announcement, Asked
from services.storage.writer import Writer
from shared.observe.log import Log

Q = TypeVar("Q")
R = TypeVar("R")


class Rooms:
    """Sends each turn to the threads that run it."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        announce: Callable[[Sequence[Announcement]], None],
        log: Log,
        settings: config.Rooms,
    ) -> None:
        self.taken = 0  # requests of others so far
        bounds = {"waiting": settings.waiting, "batch": settings.batch}
        self._writer = Writer(database, clock, announce, log, **bounds)
        self._readers = {
            Lane.LIGHT: Readers("readers", database, log, threads=settings.light_readers, **bounds),
            Lane.HEAVY: Readers("heavy readers", database, log, threads=settings.heavy_readers, **bounds),
        }

    def enter(self, turn: Turn) -> None:
        """Let ``turn`` wait where it belongs. Refused (`Code.UNAVAILABLE`) when too many wait there."""
        self.taken += 1
        self._enter(turn)

    def _enter(self, turn: Turn) -> None:
        row = turn.row
        if row.writes(turn.asked.request):
            self._writer.enter(turn)
        else:
            self._readers[row.lane].enter(turn)

    async def ask(self, row: Row[Q, R], request: Q, deadline: float = NEVER) -> R:
        """Run a request of our own. Raises `Refused`."""
        turn = TaskTurn(row, Asked(request, "storage"), deadline)
        self._enter(turn)
        reply: R = await turn.wait()
        return reply

    @property
    def congested(self) -> bool:
        """Whether some room takes nothing more."""
        return any(room.full for room in (self._writer, *self._readers.values()))

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; raises what makes the database unusable."""
        async with trio.open_nursery() as nursery:
            for room in (self._writer, *self._readers.values()):
                await nursery.start(room.run)
            task_status.started()
