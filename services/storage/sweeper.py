"""Removes what time has made useless: recorded answers, finished letters, unused bodies, uploads nobody named.

Order: rows first, then bodies. A body that lost its row before a crash is found by the walk over the store; a row
never loses its body. Of all processes on one database, one sweeps.
While a backup is under way, bodies that nobody uses any more stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

import trio
from sqlalchemy import Connection

from services.storage import config
from services.storage.blobs.store import BlobStore, Found
from services.storage.handlers import greylist
from services.storage.registry import read, write
from services.storage.repositories import (
    backup_leases,
    duties,
    expunges,
    garbage,
    login_failures,
    reports,
    sieve_memories,
    submissions,
    uploads,
)
from services.storage.repositories.garbage import Walked
from services.storage.rooms import Rooms
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.op import Op, Repeat
from shared.observe.log import Log

NOBODY = frozenset[str]()
FILES = 200  # bodies looked at in one go
DUTY = "sweep"
LEASE = 300.0  # seconds for which a sweeper has the duty after it was last heard of


class Turn(NamedTuple):
    """Is it mine to sweep?"""


class Mine(NamedTuple):
    mine: bool


class Chunk(NamedTuple):
    """A little work for the writer. ``after`` is where the walk over the letters goes on."""

    after: int


class Swept(NamedTuple):
    letters: Walked
    locations: tuple[str, ...]  # bodies that may go now
    more: bool


class Suspects(NamedTuple):
    """Bodies that may have no row."""

    bodies: tuple[Found, ...]


class Orphans(NamedTuple):
    locations: tuple[str, ...]


class Sweeper:
    """Runs beside the requests; each of its steps is one small turn of the writer. ``owner`` is the installation.

    ``replica`` is the name of this process, the same after a restart where that can be had.
    """

    def __init__(
        self,
        sweep: config.Sweep,
        keep_letters: int,
        rooms: Rooms,
        blobs: BlobStore,
        owner: str,
        replica: str,
        clock: Callable[[], float],
        log: Log,
    ) -> None:
        self._settings = sweep
        self._keep_letters = keep_letters
        self._rooms = rooms
        self._blobs = blobs
        self._owner = owner
        self._replica = replica
        self._clock = clock
        self._log = log
        self._turn = write(Op("sweep.turn", Turn, Mine, NOBODY, 60.0, Repeat.SAFE), self._take)
        self._chunk = write(Op("sweep.chunk", Chunk, Swept, NOBODY, 60.0, Repeat.SAFE), self._sweep)
        self._judge = read(Op("sweep.judge", Suspects, Orphans, NOBODY, 60.0, Repeat.SAFE), _orphans)

    async def run(self) -> None:
        """Sweep for ever."""
        next_walk = trio.current_time()
        while True:
            try:
                if await self._mine():
                    await self.sweep()
                if trio.current_time() >= next_walk:
                    await self.sweep_files()
                    next_walk = trio.current_time() + self._settings.files_interval
            except (Refused, Unavailable, OSError) as error:  # a full disk, a busy database, no object store: later
                self._log.warning("storage.sweep_put_off", reason=str(error))
            await trio.sleep(self._settings.interval)

    async def sweep(self) -> None:
        """Everything that is due, in small steps."""
        after, more = 0, True
        while more:
            swept = await self._rooms.ask(self._chunk, Chunk(after))
            await self._remove(swept.locations)
            after, more = swept.letters.seq, swept.more

    async def sweep_files(self) -> None:
        """Remove bodies that a crash left without a row, and what it left half-written here."""
        old = self._clock() - self._settings.upload_grace
        await trio.to_thread.run_sync(self._blobs.sweep_incoming, old)
        if not await self._mine():
            return
        if not await trio.to_thread.run_sync(self._blobs.claim, self._owner):
            self._log.error("storage.blobs_of_another", remedy="give each installation a bucket or prefix of its own")
            return
        found = self._blobs.older_than(old)
        while batch := await trio.to_thread.run_sync(lambda: tuple(islice(found, FILES))):
            orphans = await self._rooms.ask(self._judge, Suspects(batch))
            await self._remove(orphans.locations)
            if not await self._mine():
                return

    async def _mine(self) -> bool:
        """Whether this process has the duty, now and for a while."""
        return (await self._rooms.ask(self._turn, Turn())).mine

    async def _remove(self, locations: Sequence[str]) -> None:
        if not locations:
            return
        await trio.to_thread.run_sync(self._blobs.remove, locations)
        for location in locations:
            self._log.info("storage.blob_removed", location=location)

    def _take(self, work: UnitOfWork, asked: Sequence[Asked[Turn]]) -> Sequence[Mine]:
        mine = duties.take(work.connection, work.now, DUTY, self._replica, LEASE)
        return [Mine(mine)] * len(asked)

    def _sweep(self, work: UnitOfWork, asked: Sequence[Asked[Chunk]]) -> Sequence[Swept]:
        return [self._step(work.connection, work.now, each.request) for each in asked]

    def _step(self, connection: Connection, now: float, chunk: Chunk) -> Swept:
        answers = garbage.answers(connection, now - self._settings.dedupe)
        letters = garbage.letters(connection, chunk.after, now - self._keep_letters)
        expired = uploads.expire(connection, now - self._settings.upload_grace)
        pinned = backup_leases.living(connection, now)
        contents, locations = (0, []) if pinned else garbage.contents(connection)
        memories = sieve_memories.forget(connection, now)
        if not chunk.after:
            login_failures.forget(connection, now)
            expunges.forget(connection, now)
            submissions.forget(connection, now)
            greylist.forget(connection, now)
            backup_leases.forget(connection, now)
            reports.forget(connection, now)
        more = letters.more or max(answers, contents, memories) == garbage.MANY or len(expired) == uploads.MANY
        return Swept(letters, (*expired, *locations), more)


def _orphans(connection: Connection, asked: Sequence[Asked[Suspects]]) -> Sequence[Orphans]:
    return [Orphans(_unnamed(connection, each.request.bodies)) for each in asked]


def _unnamed(connection: Connection, bodies: Sequence[Found]) -> tuple[str, ...]:
    named = uploads.locations(connection, {body.hash for body in bodies})
    return tuple(body.location for body in bodies if body.location not in named)
