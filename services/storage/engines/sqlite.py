"""SQLite in WAL mode: one connection writes and checkpoints, the others only read.

The driver is the `pysqlite3` wheel, because SQLite before 3.51.3 can corrupt a WAL database when a checkpoint and a
write meet (the WAL-reset bug), and Python's own module carries such a version on many machines. Against the same kind
of trouble only one process may have the file open for writing: a lock on ``<file>.lock`` is held for the life of the
process.

Foreign keys are declared but not enforced: each check costs an index descent for every row of the hot paths, and the
repositories delete children before parents. Commits are synced (``synchronous=FULL``) before they return.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, FromClause, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from services.storage.engines.database import Database, Trouble
from shared.base.errors import StartError

MINIMUM = (3, 51, 3)
BUSY_TIMEOUT = 5_000  # milliseconds
WRITER_CACHE = 32 * 1024  # KiB
READER_CACHE = 8 * 1024  # KiB
CHECKPOINT_IDLE = 256  # WAL pages worth copying back when nothing else is to do
CHECKPOINT_BUSY = 8_000  # WAL pages beyond which callers wait for the copying

IOERR, CORRUPT, FULL, NOTADB, BUSY, LOCKED = 10, 11, 13, 26, 5, 6  # https://sqlite.org/rescode.html
IOERR_SHMSIZE = 4874  # the WAL's index could not grow: a full disk


class SqliteDatabase(Database):
    """An SQLite file, locked for this process. `StartError` when it cannot be ours."""

    def __init__(self, path: Path) -> None:
        version = dbapi2.sqlite_version_info
        if version < MINIMUM:
            raise StartError(
                f"SQLite {dbapi2.sqlite_version} can corrupt its WAL; install a pysqlite3 with 3.51.3 or newer"
            )
        self.name = f"sqlite:///{path}"
        self._path = path
        self._lock = _lock(path)
        self._writer = _engine(path, "BEGIN IMMEDIATE", _prepare_writer)
        self._reader = _engine(path, "BEGIN", _prepare_reader)

    def writer(self) -> Connection:
        return self._writer.connect()

    def reader(self) -> Connection:
        return self._reader.connect()

    # Straight to the driver: SQLAlchemy's own savepoints cost ten times what SQLite's do.

    def savepoint(self, connection: Connection) -> None:
        _driver(connection).execute("SAVEPOINT part")

    def undo(self, connection: Connection) -> None:
        _driver(connection).execute("ROLLBACK TO part")
        _driver(connection).execute("RELEASE part")

    def keep(self, connection: Connection) -> None:
        _driver(connection).execute("RELEASE part")

    def trouble(self, error: BaseException) -> Trouble:
        origin = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(origin, "sqlite_errorcode", 0)
        if code == IOERR_SHMSIZE:
            return Trouble.FULL
        return _TROUBLES.get(code & 0xFF, Trouble.STATEMENT)

    def tidy(self, connection: Connection, *, idle: bool) -> bool:
        pages = _wal_pages(connection)
        if pages > (CHECKPOINT_IDLE if idle else CHECKPOINT_BUSY):
            _driver(connection).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            return False
        return pages > CHECKPOINT_IDLE and not idle

    def free(self) -> int:
        return disk_usage(self._path.parent).free

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        os.close(self._lock)


_TROUBLES = {
    IOERR: Trouble.FATAL,
    CORRUPT: Trouble.FATAL,
    NOTADB: Trouble.FATAL,
    FULL: Trouble.FULL,
    BUSY: Trouble.BUSY,
    LOCKED: Trouble.BUSY,
}


class _Compiler(SQLiteCompiler):
    """Writes hints (INDEXED BY), which SQLAlchemy does for other dialects only."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


def _lock(path: Path) -> int:
    name = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(f"{name}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StartError(f"{path}: another storage process has this database open") from error
    return lock


def _engine(path: Path, begin: str, prepare: Callable[[Any], None]) -> Engine:
    """An engine that leaves transactions to us: the driver itself would begin them late and deferred."""

    def connect() -> Any:
        connection = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
        prepare(connection)
        return connection

    engine = create_engine("sqlite://", module=dbapi2, creator=connect, poolclass=NullPool)
    engine.dialect.statement_compiler = _Compiler
    event.listen(engine, "begin", lambda connection: _driver(connection).execute(begin))
    return engine


def _prepare_writer(connection: Any) -> None:
    connection.execute("PRAGMA page_size=4096")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")  # `tidy` does it, after the callers have their answers
    connection.execute(f"PRAGMA journal_size_limit={64 * 1024 * 1024}")
    _prepare(connection, WRITER_CACHE)


def _prepare_reader(connection: Any) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    _prepare(connection, READER_CACHE)


def _prepare(connection: Any, cache: int) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    connection.execute(f"PRAGMA cache_size=-{cache}")
    connection.execute("PRAGMA mmap_size=0")
    connection.execute("PRAGMA foreign_keys=OFF")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _wal_pages(connection: Connection) -> int:
    """Pages in the WAL that are not in the database file yet. -1 outside WAL mode."""
    _, in_wal, copied = _driver(connection).execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
    return int(in_wal) - int(copied)
