"""Texts in the order of their octets, whatever order the database's owner chose for it.

SQLite compares texts so; on PostgreSQL each column is told to. What a migration adds is told right after it.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

_OTHERS = text(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND data_type = 'text' AND collation_name IS NULL ORDER BY table_name, ordinal_position"
)


def order_by_octets(connection: Connection) -> None:
    """Give every column of texts its order; no row is rewritten."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(_OTHERS).all():
        columns.setdefault(table, []).append(f'ALTER COLUMN {quote(column)} TYPE text COLLATE "C"')
    for table, changes in columns.items():
        connection.exec_driver_sql(f"ALTER TABLE {quote(table)} {', '.join(changes)}")
