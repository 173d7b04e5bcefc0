"""Fills the word index, a few messages at a time, behind a watermark and behind the mail that arrives.

It works at its own speed while few ask for anything, and steps back where many do (`pace`).

A reader's thread finds the words, the writer keeps them: what stands between the two is checked again when they are
kept, so that nothing that changed meanwhile gets words of something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import trio
from sqlalchemy import Connection

from services.storage import config
from services.storage.blobs.store import Lost
from services.storage.engines.database import Reach
from services.storage.registry import Lane, read, write
from services.storage.repositories import duties, words
from services.storage.repositories.words import Entry, Known
from services.storage.rooms import Rooms
from services.storage.search.candidate import Candidate
from services.storage.search.entries import entry
from services.storage.search.pace import Pace
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op, Repeat
from shared.observe.log import Log

NOBODY = frozenset[str]()
LEASE = 30.0  # seconds for which a process has the duty after it was last heard of
KNOWN = 200_000  # words that are remembered to be in the vocabulary

ReadBlob = Callable[[str, int, int], bytes]  # location, start, end


class Look(NamedTuple):
    """Is there anything to index?"""


class Backlog(NamedTuple):
    """Content ids."""

    indexed: int
    newest: int


class Gather(NamedTuple):
    after: int
    many: int


class Gathered(NamedTuple):
    after: int
    entries: tuple[Entry, ...]


class Kept(NamedTuple):
    kept: bool


class Duty(NamedTuple):
    replica: str


class Mine(NamedTuple):
    mine: bool


def _take(work: UnitOfWork, asked: Sequence[Asked[Duty]]) -> Sequence[Mine]:
    return [Mine(duties.take(work.connection, work.now, "index", each.request.replica, LEASE)) for each in asked]


DUTY = write(Op("words.duty", Duty, Mine, NOBODY, 10.0, Repeat.SAFE), _take, reach=lambda asked: Reach())


class Indexer:
    """Runs beside the requests; each of its steps is one small turn of a reader, then of the writer.

    ``replica`` is who indexes where several processes share the database, one at a time; "" where there is one alone.
    """

    def __init__(self, search: config.Search, rooms: Rooms, read_blob: ReadBlob, replica: str, log: Log) -> None:
        self._settings = search
        self._rooms = rooms
        self._replica = replica
        self._until = 0.0  # trio clock; this process has the duty so long
        self._log = log
        self._known: set[str] = set()
        self._drops = 0  # from the vocabulary, when these were known
        self._look = read(Op("words.look", Look, Backlog, NOBODY, 60.0, Repeat.SAFE), _look)
        self._gather = read(
            Op("words.gather", Gather, Gathered, NOBODY, 60.0, Repeat.SAFE),
            partial(_gather, read_blob),
            lane=Lane.HEAVY,
        )
        self._keep = write(Op("words.keep", Gathered, Kept, NOBODY, 60.0, Repeat.SAFE), self._add)

    async def run(self) -> None:
        """Index for ever."""
        newest, since = 0, trio.current_time()
        while True:
            await trio.sleep(self._settings.quiet)
            try:
                backlog = await self._rooms.ask(self._look, Look())
                if backlog.indexed == backlog.newest:
                    since = trio.current_time()
                elif backlog.newest == newest or trio.current_time() - since > self._settings.patience:
                    if await self._mine():
                        await self._catch_up(backlog)
                    since = trio.current_time()
                newest = backlog.newest
            except (Refused, OSError) as error:  # a full disk, a busy database: later
                self._log.warning("storage.indexing_put_off", reason=str(error))

    async def _catch_up(self, backlog: Backlog) -> None:
        """Up to what there was when it began."""
        began, count, after = trio.current_time(), 0, backlog.indexed
        pace = Pace(self._settings)
        while after < backlog.newest:
            taken, started = self._rooms.taken, trio.current_time()
            entries = await self.step(after, pace.batch)
            if not entries or not await self._mine():
                return
            after, count = entries[-1].id, count + len(entries)
            await trio.sleep(pace.rest(trio.current_time() - started, backlog.newest - after))
            pace.asked(self._rooms.taken - taken, trio.current_time() - started)
        self._log.info("storage.indexed", contents=count, seconds=round(trio.current_time() - began, 3))

    async def _mine(self) -> bool:
        """Whether this process has the duty, now and for a while."""
        now = trio.current_time()
        if self._replica and now > self._until - LEASE / 2:
            mine = (await self._rooms.ask(DUTY, Duty(self._replica))).mine
            self._until = now + LEASE if mine else 0.0
            return mine
        return True

    async def step(self, after: int, many: int) -> Sequence[Entry]:
        """Index what comes next; what was indexed, nothing when the watermark has moved."""
        gathered = await self._rooms.ask(self._gather, Gather(after, many))
        if not gathered.entries or not (await self._rooms.ask(self._keep, gathered)).kept:
            return ()
        return gathered.entries

    def _add(self, work: UnitOfWork, asked: Sequence[Asked[Gathered]]) -> Sequence[Kept]:
        if len(self._known) > KNOWN:
            self._known.clear()
        kept = []
        for each in asked:
            new = words.add(
                work.connection, each.request.after, each.request.entries, Known(self._known, self._drops)
            )
            if new is not None:
                work.on_commit(partial(self._learn, new))
            kept.append(Kept(new is not None))
        return kept

    def _learn(self, new: Known) -> None:
        if new.drops != self._drops:
            self._known.clear()
            self._drops = new.drops
        self._known.update(new.words)


def _look(connection: Connection, asked: Sequence[Asked[Look]]) -> Sequence[Backlog]:
    return [Backlog(words.indexed(connection), words.newest(connection))] * len(asked)


def _gather(read_blob: ReadBlob, connection: Connection, asked: Sequence[Asked[Gather]]) -> Sequence[Gathered]:
    return [
        Gathered(
            each.request.after,
            tuple(_entry(read_blob, row) for row in words.next_contents(connection, *each.request)),
        )
        for each in asked
    ]


def _entry(read_blob: ReadBlob, row: Any) -> Entry:
    octets, location = row.octets, row.location
    reading = partial(read_blob, location) if location else lambda start, end: octets[start:end]
    try:
        return entry(row.id, row.hash, row.parts, Candidate(octets[: row.header_size], row.parts, row.date, reading))
    except (Lost, Unavailable) as error:
        raise Refused(Code.UNAVAILABLE, str(error)) from error
