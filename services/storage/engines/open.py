"""Which engine serves a database URL."""

from __future__ import annotations

from pathlib import Path

from services.storage.engines.database import Database
from services.storage.engines.sqlite import SqliteDatabase
from shared.base.errors import ConfigurationError

SQLITE = "sqlite:///"


def open_database(url: str, source: str = "configuration") -> Database:
    """The database behind ``url``: ``sqlite:///relative/path`` or ``sqlite:////absolute/path``.

    Raises `ConfigurationError` for a URL that no engine serves, `StartError` when the database cannot be ours.
    """
    path = url.removeprefix(SQLITE)
    if path == url or not path or path == ":memory:":
        raise ConfigurationError(
            source,
            "storage.database",
            f"no engine serves {url.partition(':')[0]!r}",
            "use sqlite:///path/of/the/file",
        )
    return SqliteDatabase(Path(path))
