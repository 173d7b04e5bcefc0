"""A thread's connection to the database, opened anew when it is lost.

Whoever lost it may run his transaction again on the next one: what was committed after all is found there, by key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from sqlalchemy import Connection

from services.storage.engines.database import Database, Trouble
from shared.base.errors import EilpostError
from shared.observe.log import Log

SHORTEST, LONGEST = 0.05, 1.0  # seconds between two attempts


class Unreachable(EilpostError):
    """The database has been away for too long for anybody to wait."""


class Link:
    """``open`` connects to ``database``. Used by one thread.

    A loss counts from the moment it was noticed to the next transaction that ended well. For the first seconds of it
    (`Database.patience`) callers wait for a new connection; after that they are told at once, and each attempt is one
    of theirs.
    """

    def __init__(self, database: Database, open: Callable[[], Connection], log: Log) -> None:
        self._database = database
        self._open = open
        self._log = log
        self._connection: Connection | None = None
        self._lost: float | None = None  # since when; monotonic seconds
        self._pause = SHORTEST
        self._next = 0.0  # no attempt before

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._close()

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def connection(self) -> Connection:
        """The connection. Raises `Unreachable`, and what the engine raises for other reasons than a loss."""
        while self._connection is None:
            self._wait()
            try:
                self._connection = self._open()
            except Exception as error:
                if self._database.trouble(error) is not Trouble.LOST:
                    raise
                self.lose(error)
        return self._connection

    def _wait(self) -> None:
        """Until the next attempt may be made; raises `Unreachable` where nobody is to wait any longer."""
        if self._lost is None:
            return
        now = time.monotonic()
        if now < self._next:
            if now - self._lost > self._database.patience:
                raise Unreachable("the database cannot be reached")
            time.sleep(self._next - now)

    def lose(self, error: BaseException) -> None:
        """The connection is not to be used any more."""
        now = time.monotonic()
        if self._lost is None:
            self._lost = now
            self._log.warning("storage.database_lost", reason=" ".join(str(error).split())[:500])
        self._next = now + self._pause
        self._pause = min(2 * self._pause, LONGEST)
        self._close()

    def proved(self) -> None:
        """A transaction has ended well."""
        if self._lost is not None:
            self._log.info("storage.database_found", seconds=round(time.monotonic() - self._lost, 3))
            self._lost, self._pause = None, SHORTEST

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.invalidate()  # nothing is said to a server that may not be there
        finally:
            connection.close()
