"""Removes what time has made useless: recorded answers, finished letters, unused bodies, uploads nobody named.

Order: rows first, then files. A file that lost its row before a crash is found by the walk over the folder; a row
never loses its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import trio
from sqlalchemy import Connection

from services.storage import config
from services.storage.blobs.files import Files
from services.storage.handlers import greylist
from services.storage.registry import read, write
from services.storage.repositories import expunges, garbage, login_failures, sieve_memories, submissions, uploads
from services.storage.repositories.garbage import Walked
from services.storage.rooms import Rooms
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Refused
from shared.contracts.op import Op, Repeat

NOBODY = frozenset[str]()
FILES = 200  # looked at in one go


class Chunk(NamedTuple):
    """A little work for the writer. ``after`` is where the walk over the letters goes on."""

    after: int


class Swept(NamedTuple):
    letters: Walked
    locations: tuple[str, ...]  # files that may go now
    more: bool


class Suspects(NamedTuple):
    """Files that may have no row."""

    files: tuple[tuple[str, bytes], ...]  # location, SHA-256


class Orphans(NamedTuple):
    locations: tuple[str, ...]


class Sweeper:
    """Runs beside the requests; each of its steps is one small turn of the writer."""

    def __init__(
        self, sweep: config.Sweep, keep_letters: int, rooms: Rooms, files: Files, clock: Callable[[], float], log: Any
    ) -> None:
        self._settings = sweep
        self._keep_letters = keep_letters
        self._rooms = rooms
        self._files = files
        self._clock = clock
        self._log = log
        self._chunk = write(Op("sweep.chunk", Chunk, Swept, NOBODY, 60.0, Repeat.SAFE), self._sweep)
        self._judge = read(Op("sweep.judge", Suspects, Orphans, NOBODY, 60.0, Repeat.SAFE), _orphans)

    async def run(self) -> None:
        """Sweep for ever."""
        next_walk = trio.current_time()
        while True:
            try:
                await self.sweep()
                if trio.current_time() >= next_walk:
                    await self.sweep_files()
                    next_walk = trio.current_time() + self._settings.files_interval
            except (Refused, OSError) as error:  # a full disk, a busy database: later
                self._log.warning("storage.sweep_put_off", problem=str(error))
            await trio.sleep(self._settings.interval)

    async def sweep(self) -> None:
        """Everything that is due, in small steps."""
        after, more = 0, True
        while more:
            swept = await self._rooms.ask(self._chunk, Chunk(after))
            await self._remove(swept.locations)
            after, more = swept.letters.seq, swept.more

    async def sweep_files(self) -> None:
        """Remove files that a crash left without a row."""
        old = self._clock() - self._settings.upload_grace
        await trio.to_thread.run_sync(self._files.sweep_incoming, old)
        files: Iterator[tuple[str, bytes]] = self._files.older_than(old)
        while batch := await trio.to_thread.run_sync(lambda: tuple(islice(files, FILES))):
            orphans = await self._rooms.ask(self._judge, Suspects(batch))
            await self._remove(orphans.locations)

    async def _remove(self, locations: Sequence[str]) -> None:
        for location in locations:
            await trio.to_thread.run_sync(self._files.remove, location)
            self._log.info("storage.blob_removed", location=location)

    def _sweep(self, work: UnitOfWork, asked: Sequence[Asked[Chunk]]) -> Sequence[Swept]:
        return [self._step(work.connection, work.now, each.request) for each in asked]

    def _step(self, connection: Connection, now: float, chunk: Chunk) -> Swept:
        answers = garbage.answers(connection, now - self._settings.dedupe)
        letters = garbage.letters(connection, chunk.after, now - self._keep_letters)
        expired = uploads.expire(connection, now - self._settings.upload_grace)
        contents, locations = garbage.contents(connection)
        memories = sieve_memories.forget(connection, now)
        if not chunk.after:
            login_failures.forget(connection, now)
            expunges.forget(connection, now)
            submissions.forget(connection, now)
            greylist.forget(connection, now)
        more = letters.more or max(answers, contents, memories) == garbage.MANY or len(expired) == uploads.MANY
        return Swept(letters, (*expired, *locations), more)


def _orphans(connection: Connection, asked: Sequence[Asked[Suspects]]) -> Sequence[Orphans]:
    return [Orphans(_unnamed(connection, each.request.files)) for each in asked]


def _unnamed(connection: Connection, files: Sequence[tuple[str, bytes]]) -> tuple[str, ...]:
    named = uploads.locations(connection, {hash for _, hash in files})
    return tuple(location for location, _ in files if location not in named)
