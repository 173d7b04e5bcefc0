"""What storage asks of a database engine beyond SQLAlchemy's own words."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from sqlalchemy import Connection, RootTransaction


class Trouble(Enum):
    """What a database error means for the process."""

    FATAL = "fatal"  # the disk or the file is not to be trusted: stop, never retry (an fsync that failed once)
    FULL = "full"  # no space: roll back, say so, go on
    BUSY = "busy"  # somebody else holds the database for too long
    STATEMENT = "statement"  # this statement: the culprit is in the batch
    LOST = "lost"  # the connection is gone, or leads to a server that takes no writes: close it, open another
    AGAIN = "again"  # another process was in the way: roll the transaction back and run it again
    CLASH = "clash"  # another process has written the same row: undo this part and run it again, which sees the row


class Reach(NamedTuple):
    """What a write changes that others might change at the same time: accounts with all that is theirs (mailboxes,
    messages, counts), by their ids or by that of one of their mailboxes."""

    accounts: Collection[int] = ()
    mailboxes: Collection[int] = ()


class Database(ABC):
    """An opened database. Every connection belongs to one thread."""

    name: str  # what may be told of it: no password
    shared = False  # whether other processes may write to it at the same time
    patience = 0.0  # seconds that a request waits for a lost connection before it is told to try again

    @abstractmethod
    def writer(self) -> Connection:
        """A connection whose transactions write, each while no other one does (but see `transaction`)."""

    def patient_writer(self) -> Connection:
        """The same, for what takes its time: migrations."""
        return self.writer()

    def transaction(self, connection: Connection, reach: Reach | None) -> RootTransaction:
        """Begin a transaction of a `writer`. With a ``reach``, others may write elsewhere meanwhile."""
        return connection.begin()

    @abstractmethod
    def reader(self) -> Connection:
        """A connection whose transactions are snapshots."""

    def patient_reader(self) -> Connection:
        """The same, for somebody who takes his time between two statements."""
        return self.reader()

    @abstractmethod
    def savepoint(self, connection: Connection) -> None:
        """Begin a part of the transaction that can be undone by itself. Savepoints do not nest."""

    @abstractmethod
    def undo(self, connection: Connection) -> None:
        """Undo the part."""

    @abstractmethod
    def keep(self, connection: Connection) -> None:
        """End the part: it stays, if the transaction does."""

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
