"""The database file: whose it is, how old its schema is, what survives."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import create_engine, text

from services.storage import tables
from services.storage.engines import sqlite
from services.storage.engines.open import open_database
from services.storage.engines.sqlite import SqliteDatabase
from services.storage.migrations.run import LATEST, REVISIONS, migrate
from services.storage.tables.schema import metadata
from shared.base.errors import ConfigurationError, StartError

pytestmark = pytest.mark.sqlite


def test_case_66_a_second_process_is_refused(tmp_path: Path) -> None:
    first = SqliteDatabase(tmp_path / "a.db")
    with pytest.raises(StartError, match="another storage process"):
        SqliteDatabase(tmp_path / "a.db")
    first.close()
    SqliteDatabase(tmp_path / "a.db").close()


def test_case_66_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbapi2, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(StartError, match="corrupt"):
        SqliteDatabase(tmp_path / "a.db")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError) as refused:
        SqliteDatabase(tmp_path / "file" / "a.db")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", ["oracle://x/y", "sqlite://", "sqlite:///:memory:", ""])
def test_an_unknown_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"storage\.database"):
        open_database(url)


def test_migrations_end_where_the_tables_are_written_down(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db")
    with database.writer() as connection:
        with connection.begin():
            assert migrate(connection)
        with connection.begin():
            assert not migrate(connection)
        migrated = _statements(connection)
    database.close()
    engine = create_engine("sqlite://", module=dbapi2)
    with engine.begin() as connection:
        for module in iter_modules(tables.__path__, f"{tables.__name__}."):
            import_module(module.name)
        metadata.create_all(connection)
        assert migrated == _statements(connection)


def _statements(connection: object) -> set[tuple[str, ...]]:
    """All CREATE statements, each as the set of its columns and constraints: their order says nothing."""
    rows = connection.exec_driver_sql(  # type: ignore[attr-defined]
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"
    )
    return {_parts(" ".join(sql.split())) for (sql,) in rows}


def _parts(statement: str) -> tuple[str, ...]:
    head, _, rest = statement.partition("(")
    body, _, tail = rest.rpartition(")")
    pieces = re.split(r",(?![^(]*\))", body)
    return (head.strip(), tail.strip(), *sorted(piece.strip() for piece in pieces))


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db")
    with database.writer() as connection:
        with connection.begin():
            migrate(connection)
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StartError, match="newer than this program"), connection.begin():
            migrate(connection)
    database.close()


def test_the_latest_revision_is_the_last_script() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "services.storage:migrations")
    script = ScriptDirectory.from_config(config)
    assert script.get_current_head() == LATEST
    assert {revision.revision for revision in script.walk_revisions()} == set(REVISIONS)


def test_the_wal_is_copied_back_by_the_writer_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_IDLE", 2)
    database = SqliteDatabase(tmp_path / "a.db")
    with database.writer() as connection, database.reader() as reader:
        with connection.begin():
            migrate(connection)
        size = (tmp_path / "a.db").stat().st_size
        with reader.begin():
            assert reader.execute(text("SELECT count(*) FROM domain")).scalar() == 0
        assert database.tidy(connection, idle=False)
        assert (tmp_path / "a.db").stat().st_size == size
        assert not database.tidy(connection, idle=True)
        assert (tmp_path / "a.db").stat().st_size > size
    database.close()


def test_readers_cannot_write(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db")
    with database.writer() as connection, connection.begin():
        migrate(connection)
    with database.reader() as reader, reader.begin(), pytest.raises(Exception, match="readonly"):
        reader.execute(text("DELETE FROM domain"))
    database.close()
