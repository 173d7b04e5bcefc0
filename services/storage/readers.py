"""Questions: a few threads, each of which answers all that wait together from one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from queue import SimpleQueue
from time import time_ns

from sqlalchemy import Connection

from services.storage.engines.database import Database, Trouble
from services.storage.link import Link, Unreachable
from services.storage.room import Room
from services.storage.turn import Turn, by_row, refuse, run
from shared.contracts.errors import Code, Refused
from shared.observe import tracing
from shared.observe.log import Log


class Readers(Room):
    """The readers of one lane."""

    def __init__(self, name: str, database: Database, log: Log, *, waiting: int, batch: int, threads: int) -> None:
        super().__init__(name, log, waiting=waiting, batch=batch, threads=threads)
        self._database = database

    def _work(self, queue: SimpleQueue[Turn | None]) -> None:
        """One of the threads."""
        with Link(self._database, self._database.reader, self.log) as link:
            while (first := queue.get()) is not None:
                turns = self._gather(first, queue)
                if turns:
                    tracer = tracing.tracer
                    began = 0 if tracer is None else time_ns()
                    self._answer(link, turns)
                    if tracer is not None:
                        self._trace(tracer, "storage.read", turns, began)
                    self._hand_back(partial(self._settle, turns))

    def _answer(self, link: Link, turns: Sequence[Turn]) -> None:
        """Give all their outcomes, on another connection where the first one is lost."""
        while True:
            try:
                self._ask(link.connection(), turns)
            except Unreachable as error:
                self.log.error("storage.not_answered", requests=len(turns), reason=str(error))
                refuse(turns, Code.UNAVAILABLE, "the database cannot be reached")
                return
            except Exception as error:
                if self._database.trouble(error) is not Trouble.LOST:
                    raise
                link.lose(error)
            else:
                link.proved()
                return

    def _ask(self, connection: Connection, turns: Sequence[Turn]) -> None:
        connection.begin()
        try:
            for group in by_row(turns).values():
                self._group(connection, group)
        finally:
            connection.rollback()  # lets go of the snapshot, so that the WAL can be emptied

    def _group(self, connection: Connection, group: Sequence[Turn]) -> None:
        read = group[0].row.read
        assert read is not None
        try:
            run(group, partial(read, connection))
        except Refused as refusal:
            if len(group) == 1:
                group[0].outcome = refusal
                return
        except Exception as error:
            trouble = self._database.trouble(error)
            if trouble is Trouble.FATAL:
                self.log.critical("storage.fatal", op=group[0].row.op.name, reason=str(error))
            if trouble in (Trouble.FATAL, Trouble.LOST):
                raise
            connection.rollback()  # some databases answer nothing more in a transaction that has failed
            connection.begin()
            if self._is_culprit(group, error):
                return
        else:
            return
        for turn in group:
            self._group(connection, (turn,))
