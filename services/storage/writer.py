"""Group commit: one thread runs all writes that wait together in one transaction.

Invariants:
1. A turn is settled only after the commit of the transaction that ran it, which is on disk by then.
2. Within a batch, turns run in groups of one row; a group that fails is undone to its savepoint and run again turn by
   turn, so that only the culprit is refused. Callers that depend on an earlier answer have waited for it, so that
   the grouping reorders nothing that they could tell.
3. A database that cannot be trusted any more (a failed sync, a damaged page) ends the process; nothing is tried
   again.
4. A transaction that another process was in the way of, or whose connection was lost, is run again, also when nobody
   knows whether it was committed: then its keys say so. What cannot be run in time is refused as UNAVAILABLE.
5. Where other processes write too, turns that say what they reach go together, side by side with the others' turns;
   the rest has the database for itself.

The thread lives as long as the process: a batch costs one wake-up and one hop back to the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from time import time_ns

from sqlalchemy import Connection

from services.storage import dedupe
from services.storage.engines.database import Database, Reach, Trouble
from services.storage.link import Link, Unreachable
from services.storage.promises import Promises
from services.storage.room import Room
from services.storage.turn import Turn, by_row, refuse, run
from services.storage.unit_of_work import Announcement, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.observe import metrics, tracing
from shared.observe.log import Log

IDLE = 1.0  # seconds without a request after which the disk is tidied
ATTEMPTS = 3  # at a transaction, or a part of one, that another process was in the way of
ONCE_MORE = frozenset({Trouble.STATEMENT, Trouble.CLASH})  # after these a savepoint can be returned to


class Writer(Room):
    """The only room that changes the database. ``announce`` publishes, on the loop, what a commit made known."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        announce: Callable[[Sequence[Announcement]], None],
        log: Log,
        *,
        waiting: int,
        batch: int,
    ) -> None:
        super().__init__("writer", log, waiting=waiting, batch=batch)
        self._database = database
        self._clock = clock
        self._announce = announce
        self._promises = Promises()
        self._batch_size = metrics.storage_batch_size("write")

    def _work(self, queue: SimpleQueue[Turn | None]) -> None:
        """The thread."""
        with Link(self._database, self._database.writer, self.log) as link:
            untidy = True
            while True:
                try:
                    first = queue.get(timeout=IDLE if untidy else None)
                except Empty:
                    untidy = self._tidy(link, idle=True)
                    continue
                if first is None:
                    return
                for reach, turns in self._parted(self._gather(first, queue)):
                    tracer = tracing.tracer
                    began = 0 if tracer is None else time_ns()
                    work = self._commit(link, turns, reach)
                    if tracer is not None:
                        self._trace(tracer, "storage.commit", turns, began)
                    self._hand_back(partial(self._settle_after, work, turns))
                    untidy = self._tidy(link, idle=False)

    def _parted(self, turns: Sequence[Turn]) -> Iterator[tuple[Reach | None, Sequence[Turn]]]:
        """Turns for one transaction each: first those that say what they reach, then the others."""
        if not self._database.shared:
            if turns:
                yield None, turns
            return
        accounts, mailboxes = set[int](), set[int]()
        beside: list[Turn] = []
        alone: list[Turn] = []
        for turn in turns:
            reach = turn.row.reach(turn.asked) if turn.row.reach is not None else None
            if reach is None:
                alone.append(turn)
            else:
                beside.append(turn)
                accounts.update(reach.accounts)
                mailboxes.update(reach.mailboxes)
        if beside:
            yield Reach(accounts, mailboxes), beside
        if alone:
            yield None, alone

    def _tidy(self, link: Link, *, idle: bool) -> bool:
        """Housekeeping, which may fail for want of space without harm; whether to come back to it."""
        if not link.connected:
            return False
        try:
            if self._database.shared:
                return self._cross_out(link, idle=idle)
            return self._database.tidy(link.connection(), idle=idle)
        except Exception as error:
            trouble = self._database.trouble(error)
            if trouble is Trouble.FATAL:
                self.log.critical("storage.fatal", reason=str(error))
                raise
            self.log.warning("storage.not_tidied", why=trouble.value, reason=str(error))
            return not idle

    def _cross_out(self, link: Link, *, idle: bool) -> bool:
        """Once nothing is to do, what was published needs to be remembered no more."""
        if idle and self._promises.any_kept:
            self._commit(link, (), Reach())
        return not idle

    def _settle_after(self, work: UnitOfWork | None, turns: Sequence[Turn]) -> None:
        """On the loop, after the commit: what we know in memory first, then the world, then the callers."""
        if work is not None:
            for call in work.after_commit:
                call()
            self._announce(work.announcements)
            self._promises.keep(work)
        self._settle(turns)

    def _commit(self, link: Link, turns: Sequence[Turn], reach: Reach | None) -> UnitOfWork | None:
        """Run ``turns`` and commit, if need be more than once; the unit that was, None if all are refused."""
        self._batch_size.set(len(turns))
        attempts = 0
        while True:
            try:
                work = self._transact(link.connection(), turns, reach)
            except Unreachable as error:
                self._give_up(turns, Trouble.LOST, error)
                return None
            except Exception as error:
                trouble = self._database.trouble(error)
                if trouble is Trouble.FATAL:
                    self.log.critical("storage.fatal", reason=str(error))
                    raise
                attempts += trouble is Trouble.AGAIN
                if trouble is Trouble.LOST:
                    link.lose(error)
                elif trouble is Trouble.AGAIN and attempts < ATTEMPTS:
                    self.log.info("storage.transaction_again", requests=len(turns), reason=_line(error))
                    reach = None  # nobody is in the way of one that has the database for itself
                else:
                    self._give_up(turns, trouble, error)
                    return None
            else:
                link.proved()
                return work

    def _transact(self, connection: Connection, turns: Sequence[Turn], reach: Reach | None) -> UnitOfWork:
        work = UnitOfWork(connection, self._clock())
        with self._database.transaction(connection, reach):
            for group in by_row(turns).values():
                self._group(work, group)
            if self._database.shared:
                self._promises.write(work, idle=not turns)
        self._promises.committed(work)
        return work

    def _give_up(self, turns: Sequence[Turn], trouble: Trouble, error: Exception) -> None:
        self.log.error("storage.not_committed", why=trouble.value, requests=len(turns), reason=_line(error))
        refuse(turns, Code.UNAVAILABLE, "the database did not commit")

    def _group(self, work: UnitOfWork, group: Sequence[Turn], clashes: int = 0) -> None:
        try:
            self._part(work, group)
        except Refused as refusal:
            if len(group) == 1:
                group[0].outcome = refusal
                return
        except Exception as error:
            trouble = self._database.trouble(error)
            if trouble not in ONCE_MORE:
                raise
            if trouble is Trouble.CLASH and clashes < ATTEMPTS:
                self._group(work, group, clashes + 1)
                return
            if self._is_culprit(group, error):
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
            if self._database.trouble(error) in ONCE_MORE:
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


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
