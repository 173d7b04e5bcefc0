"""PostgreSQL through psycopg 3, blocking, in the threads that SQLite runs in: several processes on one database.

Invariants:
1. A transaction of `writer` holds one lock of the database (`WRITING`) from its first statement to its end. So what a
   handler reads and writes back is serial, whichever process runs it.
2. A reader's transaction is a snapshot (REPEATABLE READ).
3. Nobody waits for ever: connecting, a peer that falls silent, a statement and a lock each have their time-out.

Transactions are begun here, in one round trip with their lock; psycopg itself is told to stay out of it. psycopg is
imported by those who configure such a database, and by nobody else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import StrDumper, TextLoader
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from services.storage.config import Postgresql
from services.storage.engines.database import Database, Trouble
from services.storage.engines.nul import escape, unescape
from shared.base.errors import ConfigurationError, StartError

OLDEST = 140_000  # the first server version that is known to do
WRITING = 0x65696C706F7374  # the advisory lock of those who write: "eilpost"

BEGIN_WRITING = f"BEGIN; SELECT pg_advisory_xact_lock({WRITING})"
_TOLD = ("user", "host", "hostaddr", "port", "dbname")  # of a URL; never its password
BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresqlDatabase(Database):
    """The database behind a libpq URL. `StartError` when it cannot be reached or used, `ConfigurationError` when the
    URL is none."""

    shared = True

    def __init__(self, url: str, settings: Postgresql, source: str = "configuration") -> None:
        try:
            given: dict[str, Any] = conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            remedy = "write postgresql://user@host/database"
            raise ConfigurationError(source, "storage.database", str(error).strip(), remedy) from error
        self.name = make_conninfo(**{key: value for key, value in given.items() if key in _TOLD})
        self._conninfo = make_conninfo(**{**_parameters(settings), **given})
        self._check()
        self._writer = _engine(self._connect, BEGIN_WRITING)
        self._reader = _engine(self._connect, BEGIN_READING)

    def _connect(self) -> Any:
        connection = psycopg.connect(self._conninfo, autocommit=True)
        connection.adapters.register_dumper(str, _TextDumper)
        for name in ("text", "varchar"):
            connection.adapters.register_loader(name, _TextLoader)
        return connection

    def _check(self) -> None:
        try:
            with self._connect() as connection:
                version, encoding = (
                    connection.info.server_version,
                    connection.info.parameter_status("server_encoding"),
                )
        except psycopg.Error as error:
            raise StartError(f"{self.name}: {' '.join(str(error).split())}") from error
        if version < OLDEST:
            raise StartError(f"{self.name}: PostgreSQL {version // 10_000} is too old; {OLDEST // 10_000} will do")
        if encoding != "UTF8":
            raise StartError(f"{self.name}: its encoding is {encoding}; make a database with UTF8")

    def writer(self) -> Connection:
        return self._writer.connect()

    def reader(self) -> Connection:
        return self._reader.connect()

    def savepoint(self, connection: Connection) -> None:
        _run(connection, "SAVEPOINT part")

    def undo(self, connection: Connection) -> None:
        _run(connection, "ROLLBACK TO part; RELEASE part")

    def keep(self, connection: Connection) -> None:
        _run(connection, "RELEASE part")

    def trouble(self, error: BaseException) -> Trouble:
        origin = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(origin, psycopg.Error):
            return Trouble.STATEMENT
        state = origin.sqlstate
        if state is None:  # not the server's word but the driver's
            lost = isinstance(origin, psycopg.OperationalError | psycopg.InterfaceError)
            return Trouble.LOST if lost else Trouble.STATEMENT
        return _TROUBLES.get(state) or _TROUBLES.get(state[:2]) or Trouble.STATEMENT

    def tidy(self, connection: Connection, *, idle: bool) -> bool:
        return False

    def now(self) -> float:
        with self._connect() as connection:
            row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        return float(row[0])

    def free(self) -> int:
        """The server's disk is not ours to see; when it is full, statements say so."""
        return sys.maxsize

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


_TROUBLES = {  # by code or class of codes, https://www.postgresql.org/docs/current/errcodes-appendix.html
    "08": Trouble.LOST,
    "25006": Trouble.LOST,  # a primary that became a standby
    "57P": Trouble.LOST,
    "57P01": Trouble.LOST,  # shut down, crashed, starting
    "57P02": Trouble.LOST,
    "57P03": Trouble.LOST,
    "57P05": Trouble.LOST,
    "25P03": Trouble.LOST,  # idle in a transaction for too long
    "25P04": Trouble.LOST,
    "53300": Trouble.LOST,  # no connection is free
    "40001": Trouble.AGAIN,  # serialization failure
    "40P01": Trouble.AGAIN,  # deadlock
    "55P03": Trouble.AGAIN,  # a lock was not to be had in time
    "23505": Trouble.CLASH,  # unique violation
    "53100": Trouble.FULL,
    "53": Trouble.BUSY,
    "57014": Trouble.BUSY,  # a statement took too long
    "58": Trouble.BUSY,
}


class _TextDumper(StrDumper):
    def dump(self, obj: str) -> Any:
        return super().dump(escape(obj))


class _TextLoader(TextLoader):
    def load(self, data: Any) -> str | bytes:
        return unescape(bytes(data).decode())


def _parameters(settings: Postgresql) -> dict[str, str | int]:
    """What the URL does not say, in libpq's words."""
    milliseconds = {
        "statement_timeout": settings.statement_timeout,
        "lock_timeout": settings.lock_timeout,
        "idle_in_transaction_session_timeout": settings.statement_timeout,
    }
    options = {name: f"{int(seconds * 1000)}" for name, seconds in milliseconds.items()}
    options |= {"timezone": "UTC", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
    return {
        "application_name": "eilpost",
        "connect_timeout": max(2, round(settings.connect_timeout)),  # libpq takes no less
        "tcp_user_timeout": int(settings.silence * 1000),
        "keepalives": 1,
        "keepalives_idle": max(1, int(settings.silence / 2)),
        "keepalives_interval": 1,
        "keepalives_count": max(1, int(settings.silence / 2)),
        "target_session_attrs": "read-write",
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }


def _engine(connect: Callable[[], Any], begin: str) -> Engine:
    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool, use_native_hstore=False)
    event.listen(engine, "begin", lambda connection: _run(connection, begin))
    return engine


def _run(connection: Connection, statement: str) -> None:
    """Straight to the driver, and never prepared: several statements in one string cannot be."""
    driver: Any = connection.connection.driver_connection
    driver.execute(statement, prepare=False)
