"""What PostgreSQL is made to do: the schema, the order of texts, texts that it would refuse, snapshots."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from services.storage import tables
from services.storage.engines.collation import order_by_octets
from services.storage.engines.open import open_database
from services.storage.migrations.run import migrate
from services.storage.tables.schema import content, domain, message, metadata
from shared.contracts import mailboxes, messages, search, sorting
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Column, RowsRequest
from shared.contracts.search import Field, Leaf, Search
from shared.contracts.sorting import By, Criterion, SortRequest
from shared.mail.summary import summarise
from tests.support import databases
from tests.support.databases import Places
from tests.support.storage import GRANT, Store, new

pytestmark = pytest.mark.postgresql

COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
)
INDEXES = (
    "SELECT tablename, indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
)
CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
    " AND conrelid::regclass::text <> 'alembic_version'"
)


def written(server: Any, database: str) -> list[set[Any]]:
    return [set(server.execute(query, database)) for query in (COLUMNS, INDEXES, CONSTRAINTS)]


def test_migrations_end_where_the_tables_are_written_down(postgres: Places) -> None:
    server, name = postgres.server, postgres.server.create()
    for module in iter_modules(tables.__path__, f"{tables.__name__}."):
        import_module(module.name)
    database = open_database(server.url(name))
    with database.writer() as connection, connection.begin():
        metadata.create_all(connection)
        order_by_octets(connection)
    database.close()
    for migrated, declared in zip(written(server, postgres.template), written(server, name), strict=True):
        assert migrated == declared
    server.drop(name)


def test_a_schema_of_today_is_left_alone(tmp_path: Path) -> None:
    database = open_database(databases.url_in(tmp_path))
    with database.writer() as connection, connection.begin():
        assert not migrate(connection)
    database.close()


def test_all_texts_are_ordered_by_their_octets(tmp_path: Path) -> None:
    others = "data_type = 'text' AND collation_name IS DISTINCT FROM 'C' AND table_schema = 'public'"
    assert databases.look(tmp_path, f"SELECT * FROM information_schema.columns WHERE {others}") == []


def test_nul_in_texts_is_kept(store: Store) -> None:
    octets = b"Subject: zebra\r\n\r\none\0two three\r\n"
    given = summarise(octets)._replace(subject="a\0\U0010ffffb", sort_subject="a\0b", preview="one\0two")
    store.append(new(octets)._replace(summary=given), new(b"Subject: b\r\n\r\nother\r\n"))
    (row,) = store.query(select(content).where(content.c.subject == given.subject))
    assert (row.subject, row.preview, row.sort_subject) == (given.subject, given.preview, given.sort_subject)
    inbox = store.call(mailboxes.open, Open(GRANT, "INBOX", writable=False)).mailbox
    both = b"\x01\0\0\0\x02\0\0\0"
    shown = store.call(messages.rows, RowsRequest(GRANT, inbox, both, Column.PREVIEW, 10_000))
    assert shown.previews[0] == "one\0two"
    order = store.call(sorting.sort, SortRequest(GRANT, inbox, both, (Criterion(By.SUBJECT, False),)))
    assert order.uids == both
    found = store.call(search.search, Search(GRANT, inbox, both, (Leaf(Field.BODY, "", "three"),)))
    assert found.matches == (both[:4],)


def test_a_question_sees_one_moment_and_changes_nothing(store: Store) -> None:
    store.append(new())
    count = select(func.count()).select_from(message)
    with store._reader.begin():
        before = store._reader.execute(count).scalar()
        store.append(new())
        assert store._reader.execute(count).scalar() == before
    with pytest.raises(Exception, match="read-only"), store._reader.begin():
        store._reader.execute(delete(domain))


def test_words_are_found_without_their_index(store: Store) -> None:
    """As where the server lacks pg_trgm."""
    store.execute(text("DROP INDEX ix_word_trigrams"))
    store.append(new(b"Subject: x\r\n\r\nhaystack with a needle\r\n"))
    inbox = store.call(mailboxes.open, Open(GRANT, "INBOX", writable=False)).mailbox
    found = store.call(search.search, Search(GRANT, inbox, b"\x01\0\0\0", (Leaf(Field.BODY, "", "eedl"),)))
    assert found.matches == (b"\x01\0\0\0",)
