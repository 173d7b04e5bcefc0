"""Which engine serves a database URL."""

from __future__ import annotations

from pathlib import Path

from services.storage.config import Postgresql
from services.storage.engines.database import Database
from services.storage.engines.sqlite import SqliteDatabase
from shared.base.errors import ConfigurationError

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgres://")


def open_database(url: str, settings: Postgresql = Postgresql(), source: str = "configuration") -> Database:  # noqa: B008
    """The database behind ``url``: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or a libpq URL
    (``postgresql://user@host/database``), for which ``settings`` are.

    Raises `ConfigurationError` for a URL that no engine serves, `StartError` when the database cannot be ours.
    """
    if url.startswith(POSTGRESQL):
        try:
            from services.storage.engines.postgresql import PostgresqlDatabase
        except ImportError as error:
            problem, remedy = "psycopg is not installed", "install eilpost[postgresql]"
            raise ConfigurationError(source, "storage.database", problem, remedy) from error
        return PostgresqlDatabase(url, settings, source)
    path = url.removeprefix(SQLITE)
    if path == url or not path or path == ":memory:":
        raise ConfigurationError(
            source,
            "storage.database",
            f"no engine serves {url.partition(':')[0]!r}",
            "use sqlite:///path/of/the/file or postgresql://user@host/database",
        )
    return SqliteDatabase(Path(path))
