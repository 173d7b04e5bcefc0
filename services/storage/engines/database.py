"""What storage asks of a database engine beyond SQLAlchemy's own words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum

from sqlalchemy import Connection


class Trouble(Enum):
    """What a database error means for the process."""

    FATAL = "fatal"  # the disk or the file is not to be trusted: stop, never retry (an fsync that failed once)
    FULL = "full"  # no space: roll back, say so, go on
    BUSY = "busy"  # somebody else holds the database for too long
    STATEMENT = "statement"  # this statement: the culprit is in the batch


class Database(ABC):
    """An opened database. Every connection belongs to one thread."""

    @abstractmethod
    def writer(self) -> Connection:
        """A connection whose transactions write; the only one that does."""

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

    @abstractmethod
    def free(self) -> int:
        """Octets that can still be written."""

    @abstractmethod
    def close(self) -> None:
        """Give the database up for the next process. All connections are closed by now."""
