"""Which tables a backup holds, and in which columns.

A table is copied unless it is named here, so that none is forgotten.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, text

from services.storage.tables.announcements import announcement
from services.storage.tables.backup import backup_lease, restoration
from services.storage.tables.duties import duty
from services.storage.tables.schema import (
    body,
    content,
    dedupe,
    expunge,
    login_failure,
    maildrop_lock,
    metadata,
    upload,
)
from services.storage.tables.words import word, word_index
from shared.contracts.backup import CONTENT_COLUMNS

LEFT_OUT = {
    announcement,  # events of a past that nobody has seen
    backup_lease,
    restoration,
    body,  # with the contents, which are copied once, by hash
    dedupe,  # answers to calls that nobody will repeat
    announcement,  # on its way out
    duty,  # who does what for all replicas at the moment
    upload,  # bodies that nothing names
    login_failure,
    maildrop_lock,
    expunge,  # a restoration lets clients compare: see `restoring.finish`
    word,  # the index is made anew
    word_index,
}
_SEQUENCES_LITE = text("SELECT name, seq FROM sqlite_sequence")


def copied_tables() -> list[Table]:
    """All of them, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table not in LEFT_OUT]


def copied_columns(table: Table) -> tuple[str, ...]:
    """Those that are copied with its rows."""
    return CONTENT_COLUMNS if table is content else tuple(column.name for column in table.columns)


def sequences(connection: Connection) -> dict[str, int]:
    """The last number that each table gave out, where the table does not say so by itself."""
    if connection.dialect.name == "sqlite":
        return dict(connection.execute(_SEQUENCES_LITE).all())
    found = {}
    for table, sequence in _sequences(connection).items():
        last = connection.execute(text("SELECT pg_sequence_last_value(CAST(:name AS regclass))"), {"name": sequence})
        found[table] = int(last.scalar() or 0)
    return found


def raise_sequences(connection: Connection, last: dict[str, int]) -> None:
    """Let new numbers begin behind those of ``last`` and behind all that is in the tables."""
    if connection.dialect.name == "sqlite":
        for table, number in last.items():  # rows with numbers of their own have raised them already
            values = {"table": table, "number": number}
            connection.execute(text("UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :table"), values)
            connection.execute(
                text(
                    "INSERT INTO sqlite_sequence (name, seq) SELECT :table, :number"
                    " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :table)"
                ),
                values,
            )
        return
    for table, sequence in _sequences(connection).items():
        key = next(iter(metadata.tables[table].primary_key)).name
        connection.execute(
            text(
                "SELECT setval(CAST(:sequence AS regclass),"  # noqa: S608 - names of our own tables
                f' greatest(1, :number, (SELECT coalesce(max("{key}"), 0) FROM "{table}")))'
            ),
            {"sequence": sequence, "number": last.get(table, 0)},
        )


def _sequences(connection: Connection) -> dict[str, str]:
    """PostgreSQL's sequences by table, as far as a table has one behind its key."""
    found = {}
    for table in copied_tables():
        keys = list(table.primary_key)
        if len(keys) == 1:
            given = {"table": f'"{table.name}"', "column": keys[0].name}
            name = connection.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), given).scalar()
            if name:
                found[table.name] = name
    return found
