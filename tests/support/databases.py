"""Which engine the tests of storage run on: SQLite, or PostgreSQL while `on_postgresql` holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pysqlite3 import dbapi2

from services.storage.engines.open import open_database
from services.storage.migrations.run import migrate
from tests.support.postgresql import PostgresServer


class Places:
    """Databases of one PostgreSQL server, one for each folder that asks; all begin as copies of a migrated one."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.template = server.create()
        database = open_database(server.url(self.template))
        with database.writer() as connection, connection.begin():
            migrate(connection)
        database.close()
        self._names: dict[Path, str] = {}

    def url(self, folder: Path) -> str:
        """The database of ``folder``."""
        if folder not in self._names:
            self._names[folder] = self.server.create(self.template)
        return self.server.url(self._names[folder])

    def drop(self) -> None:
        """Remove all but the template."""
        for name in self._names.values():
            self.server.drop(name)
        self._names.clear()


_chosen: list[Places] = []


def url_in(folder: Path) -> str:
    """The database that belongs to ``folder``, on the engine of this test."""
    return _chosen[-1].url(folder) if _chosen else f"sqlite:///{folder / 'eilpost.db'}"


def look(folder: Path, statement: str) -> list[Any]:
    """What another connection finds in the database of ``folder``."""
    if _chosen:
        with psycopg.connect(url_in(folder)) as connection:
            return list(connection.execute(statement.encode()))
    with closing(dbapi2.connect(str(folder / "eilpost.db"))) as database:
        return list(database.execute(statement))


def change(folder: Path, statement: str) -> None:
    """Change the database of ``folder`` behind storage's back."""
    if _chosen:
        with psycopg.connect(url_in(folder)) as connection:
            connection.execute(statement.encode())
        return
    with closing(dbapi2.connect(str(folder / "eilpost.db"), timeout=10)) as database:
        database.execute(statement)
        database.commit()


@contextmanager
def on_postgresql(places: Places) -> Iterator[None]:
    """`url_in` speaks of PostgreSQL meanwhile; databases are removed afterwards."""
    _chosen.append(places)
    try:
        yield
    finally:
        _chosen.pop()
        places.drop()
