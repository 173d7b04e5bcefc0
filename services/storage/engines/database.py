"""What storage asks of a database engine beyond SQLAlchemy's own words."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from enum import Enum

from sqlalchemy import Connection


class Trouble(Enum):
    """What a database error means for the process."""

    FATAL = "fatal"  # the disk or the file is not to be trusted: stop, never retry (an fsync that failed once)
    FULL = "full"  # no space: roll back, say so, go on
    BUSY = "busy"  # somebody else holds the database for too long
    STATEMENT = "statement"  # this statement: the culprit is in the batch
    LOST = "lost"  # the connection is gone, or leads to a server that takes no writes: close it, open another
    AGAIN = "again"  # another process was in the way: roll the transaction back and run it again
    CLASH = "clash"  # another process has written the same row: undo this part and run it again, which sees the row


class Database(ABC):
    """An opened database. Every connection belongs to one thread."""

    name: str  # what may be told of it: no password
    shared = False  # whether other processes may write to it at the same time

    @abstractmethod
    def writer(self) -> Connection:
        """A connection whose transactions write. While one of its transactions runs, no other one writes."""

    @abstractmethod
    def reader(self) -> Connection:
        """A connection whose transactions are snapshots."""

    @abstractmethod
    def savepoint(self, connection: Connection) -> None:
        """Begin a part of the transaction that can be undone by itself. Savepoints do not nest."""

    @abstractmethod
    def undo(self, connection: Connection) -> None:
        """Roll back to the savepoint, which ends with it."""

    @abstractmethod
    def keep(self, connection: Connection) -> None:
        """End the savepoint."""

    @abstractmethod
    def trouble(self, error: BaseException) -> Trouble:
        """What ``error``, raised by a statement or a commit, means."""

    @abstractmethod
    def tidy(self, connection: Connection, *, idle: bool) -> bool:
        """Housekeeping between two transactions of the writer; whether more is worth doing once it is ``idle``."""

    def now(self) -> float:
        """Unix seconds, the same for all who share the database."""
        return time.time()

    @abstractmethod
    def free(self) -> int:
        """Octets that can still be written."""

    @abstractmethod
    def close(self) -> None:
        """Give the database up for the next process. All connections are closed by now."""
