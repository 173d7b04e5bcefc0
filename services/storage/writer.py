"""Group commit: one thread runs all writes that wait together in one transaction.

Invariants:
1. A turn is settled only after the commit of the transaction that ran it, which is on disk by then.
2. Within a batch, turns run in groups of one row; a group that fails is undone to its savepoint and run again turn by
   turn, so that only the culprit is refused. Callers that depend on an earlier answer have waited for it, so that
   the grouping reorders nothing that they could tell.
3. A database that cannot be trusted any more (a failed sync, a damaged page) ends the process; nothing is tried
   again.

The thread lives as long as the process: a batch costs one wake-up and one hop back to the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from time import time_ns
from typing import Any

from sqlalchemy import Connection

from services.storage import dedupe
from services.storage.engines.database import Database, Trouble
from services.storage.room import Room
from services.storage.turn import Turn, by_row, refuse, run
from services.storage.unit_of_work import Announcement, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.observe import metrics, tracing

IDLE = 1.0  # seconds without a request after which the disk is tidied


class Writer(Room):
    """The only room that changes the database. ``announce`` publishes, on the loop, what a commit made known."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        announce: Callable[[Sequence[Announcement]], None],
        log: Any,
        *,
        waiting: int,
        batch: int,
    ) -> None:
        super().__init__("writer", log, waiting=waiting, batch=batch)
        self._database = database
        self._clock = clock
        self._announce = announce
        self._batch_size = metrics.storage_batch_size("write")

    def _work(self, queue: SimpleQueue[Turn | None]) -> None:
        """The thread."""
        with self._database.writer() as connection:
            untidy = True
            while True:
                try:
                    first = queue.get(timeout=IDLE if untidy else None)
                except Empty:
                    untidy = self._tidy(connection, idle=True)
                    continue
                if first is None:
                    return
                turns = self._gather(first, queue)
                if turns:
                    tracer = tracing.tracer
                    began = 0 if tracer is None else time_ns()
                    work = self._commit(connection, turns)
                    if tracer is not None:
                        self._trace(tracer, "storage.commit", turns, began)
                    self._hand_back(partial(self._settle_after, work, turns))
                    untidy = self._tidy(connection, idle=False)

    def _tidy(self, connection: Connection, *, idle: bool) -> bool:
        """Housekeeping, which may fail for want of space without harm; whether to come back to it."""
        try:
            return self._database.tidy(connection, idle=idle)
        except Exception as error:
            trouble = self._database.trouble(error)
            if trouble is Trouble.FATAL:
                self.log.critical("storage.fatal", problem=str(error))
                raise
            self.log.warning("storage.not_tidied", why=trouble.value, problem=str(error))
            return not idle

    def _settle_after(self, work: UnitOfWork, turns: Sequence[Turn]) -> None:
        """On the loop, after the commit: what we know in memory first, then the world, then the callers."""
        for call in work.after_commit:
            call()
        self._announce(work.announcements)
        self._settle(turns)

    def _commit(self, connection: Connection, turns: Sequence[Turn]) -> UnitOfWork:
        work = UnitOfWork(connection, self._clock())
        self._batch_size.set(len(turns))
        try:
            with connection.begin():
                for group in by_row(turns).values():
                    self._group(work, group)
        except Exception as error:
            trouble = self._database.trouble(error)
            if trouble is Trouble.FATAL:
                self.log.critical("storage.fatal", problem=str(error))
                raise
            self.log.error("storage.not_committed", why=trouble.value, requests=len(turns), problem=str(error))
            work.rewind((0, 0))
            refuse(turns, Code.UNAVAILABLE, "the database did not commit")
        return work

    def _group(self, work: UnitOfWork, group: Sequence[Turn]) -> None:
        try:
            self._part(work, group)
        except Refused as refusal:
            if len(group) == 1:
                group[0].outcome = refusal
                return
        except Exception as error:
            if self._database.trouble(error) is not Trouble.STATEMENT:
                raise
            metrics.storage_errors_total(group[0].row.op.name).inc()
            self.log.error("storage.request_failed", op=group[0].row.op.name, batch=len(group), exc_info=error)
            if len(group) == 1:
                refuse(group, Code.UNAVAILABLE, "the request failed")
                return
        else:
            return
        for turn in group:
            self._group(work, (turn,))

    def _part(self, work: UnitOfWork, group: Sequence[Turn]) -> None:
        """Run one group inside a savepoint; leave no trace of it when it raises."""
        mark = work.mark()
        self._database.savepoint(work.connection)
        try:
            self._run(work, group)
        except BaseException as error:
            work.rewind(mark)
            if self._database.trouble(error) is Trouble.STATEMENT:
                self._database.undo(work.connection)
            raise
        self._database.keep(work.connection)

    def _run(self, work: UnitOfWork, group: Sequence[Turn]) -> None:
        row = group[0].row
        assert row.write is not None
        handle = partial(row.write, work)
        if not row.keyed:
            run(group, handle)
            return
        fresh, repeats, clashes = dedupe.sort(work.connection, group)
        for clash in clashes:
            self.log.error("storage.key_clash", op=row.op.name, key=clash.key, caller=clash.turn.asked.caller)
        if fresh:
            run([each.turn for each in fresh], handle)
            dedupe.record(work.connection, work.now, fresh)
        for turn, first in repeats:
            turn.outcome = first.outcome
