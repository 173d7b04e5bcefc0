"""PostgreSQL through psycopg 3, blocking, in the threads that SQLite runs in: several processes on one database.

Invariants:
1. A transaction of a writer holds the lock of the database (`WRITING`) from its first statement to its end: alone, or
   together with others that say what they reach. Those hold the rows of all accounts that they reach, locked in one
   statement in the order of their ids before anything is read. So what is read of an account, of its mailboxes and
   their UIDs, modseqs and counts, and written back, is serial, whichever process does it; different accounts go side
   by side.
2. What is not of an account is guarded by itself where transactions go side by side: letters of the spool by row
   locks (claims pass over locked ones), new rows by unique keys (`Trouble.CLASH`), counts by adding in place.
3. A reader's transaction is a snapshot (REPEATABLE READ).
4. Row numbers come from sequences, so that they never return and need no lock.
5. A writer's transaction always has its savepoint. What is kept of it is let go with the next part, or with the
   commit, so that a transaction of one part pays no round trip for it.

Transactions are begun here, in one round trip with their locks and the savepoint; psycopg itself is told to stay out
of it. psycopg is imported by those who configure such a database, and by nobody else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from services.storage.config import Postgresql
from services.storage.engines.database import Database, Reach, Trouble
from services.storage.engines.postgresql_connection import connect, parameters
from shared.base.errors import ConfigurationError, StartError

OLDEST = 140_000  # the first server version that is known to do
WRITING = 0x65696C706F7374  # the advisory lock of those who write: "eilpost"

_ALONE = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITING})"
_BESIDE = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock_shared({WRITING})"
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TOLD = ("user", "host", "hostaddr", "port", "dbname")  # of a URL; never its password
_REACH = "reach"  # where a connection's next transaction finds what it reaches
_KEPT = "kept"  # where a connection remembers whether something was done since its savepoint
_SAVEPOINT = "SAVEPOINT part"


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
        self.patience = settings.patience
        self.name = make_conninfo(**{key: value for key, value in given.items() if key in _TOLD})
        self._connect = partial(connect, make_conninfo(**{**parameters(settings), **given}), settings)
        self._check()
        self._writer = _engine(self._connect, _begin_writing)
        self._patient_writer = _engine(partial(self._connect, patient=True), _begin_writing)
        self._reader = _engine(self._connect, _begin_reading)
        self._patient_reader = _engine(partial(self._connect, patient=True), _begin_reading)

    def _check(self) -> None:
        try:
            with self._connect() as connection:
                version = connection.info.server_version
                encoding = connection.info.parameter_status("server_encoding")
        except psycopg.Error as error:
            raise StartError(f"{self.name}: {' '.join(str(error).split())}") from error
        if version < OLDEST:
            raise StartError(f"{self.name}: PostgreSQL {version // 10_000} is too old; {OLDEST // 10_000} will do")
        if encoding != "UTF8":
            raise StartError(f"{self.name}: its encoding is {encoding}; make a database with UTF8")

    def writer(self) -> Connection:
        return self._writer.connect()

    def patient_writer(self) -> Connection:
        return self._patient_writer.connect()

    def transaction(self, connection: Connection, reach: Reach | None) -> RootTransaction:
        connection.info[_REACH] = reach
        return connection.begin()

    def reader(self) -> Connection:
        return self._reader.connect()

    def patient_reader(self) -> Connection:
        return self._patient_reader.connect()

    def savepoint(self, connection: Connection) -> None:
        if connection.info[_KEPT]:
            _run(connection, f"RELEASE part; {_SAVEPOINT}")
        connection.info[_KEPT] = False

    def undo(self, connection: Connection) -> None:
        _run(connection, "ROLLBACK TO part")

    def keep(self, connection: Connection) -> None:
        connection.info[_KEPT] = True

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
        try:
            with self._connect() as connection:
                row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        except psycopg.Error as error:
            raise StartError(f"{self.name}: {' '.join(str(error).split())}") from error
        return float(row[0]) if row else 0.0

    def free(self) -> int:
        """The server's disk is not ours to see; when it is full, statements say so."""
        return sys.maxsize

    def close(self) -> None:
        for engine in (self._writer, self._patient_writer, self._reader, self._patient_reader):
            engine.dispose()


_TROUBLES = {  # by code or class of codes, https://www.postgresql.org/docs/current/errcodes-appendix.html
    "08": Trouble.LOST,
    "25006": Trouble.LOST,  # a primary that became a standby
    "57P01": Trouble.LOST,  # shut down,
    "57P02": Trouble.LOST,  # crashed,
    "57P03": Trouble.LOST,  # starting
    "57P05": Trouble.LOST,  # idle for too long, as the next two
    "25P03": Trouble.LOST,
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


def _engine(connecting: Callable[[], Any], begin: Callable[[Connection], None]) -> Engine:
    engine = create_engine("postgresql+psycopg://", creator=connecting, poolclass=NullPool, use_native_hstore=False)
    event.listen(engine, "begin", begin)
    return engine


def _begin_writing(connection: Connection) -> None:
    reach: Reach | None = connection.info.pop(_REACH, None)
    connection.info[_KEPT] = False
    if reach is None:
        _run(connection, f"{_ALONE}; {_SAVEPOINT}")
    elif reach.accounts or reach.mailboxes:
        _run(connection, f"{_BESIDE}; {_lock_accounts(reach)}; {_SAVEPOINT}")
    else:
        _run(connection, f"{_BESIDE}; {_SAVEPOINT}")


def _begin_reading(connection: Connection) -> None:
    _run(connection, _SNAPSHOT)


def _lock_accounts(reach: Reach) -> str:
    """Rows that are not there lock nothing, and nothing will be found of them."""
    accounts, mailboxes = _array(reach.accounts), _array(reach.mailboxes)
    owners = f"SELECT account_id FROM mailbox WHERE id = ANY({mailboxes})"  # noqa: S608 - numbers alone
    wanted = f"SELECT unnest({accounts}) UNION {owners}"
    return f"SELECT FROM account WHERE id IN ({wanted}) ORDER BY id FOR NO KEY UPDATE"


def _array(numbers: Collection[int]) -> str:
    return "'{" + ",".join(map(str, map(int, numbers))) + "}'::bigint[]"


def _run(connection: Connection, statement: str) -> None:
    """Straight to the driver, and never prepared: several statements in one string cannot be."""
    driver: Any = connection.connection.driver_connection
    driver.execute(statement, prepare=False)
