"""Statements that SQL dialects spell in their own way."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Executable, Insert, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite


def insert_or_update(connection: Connection, table: Table, *columns: str) -> Insert:
    """INSERT that sets ``columns`` to the given values in a row whose primary key is there already."""
    return _insert_or_update(connection.dialect.name, table, columns)


def insert_or_add(connection: Connection, table: Table, column: str, *columns: str) -> Insert:
    """INSERT that, in a row whose primary key is there already, adds to ``column`` and sets ``columns``."""
    return _insert_or_add(connection.dialect.name, table, column, columns)


def insert_or_ignore(connection: Connection, table: Table) -> Insert:
    """INSERT that leaves a row alone whose primary key is there already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


@cache
def _insert_or_update(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    key = list(table.primary_key)
    if dialect == "postgresql":
        new = postgresql.insert(table)
        return new.on_conflict_do_update(index_elements=key, set_={name: new.excluded[name] for name in columns})
    row = sqlite.insert(table)
    return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in columns})


@cache
def _insert_or_add(dialect: str, table: Table, column: str, columns: tuple[str, ...]) -> Insert:
    key = list(table.primary_key)
    row = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    values = {name: row.excluded[name] for name in columns}
    return row.on_conflict_do_update(
        index_elements=key, set_={column: table.c[column] + row.excluded[column], **values}
    )


@cache
def next_values(column: Column[Any]) -> Executable:
    """``count`` numbers of the sequence behind a key. PostgreSQL only."""
    numbers = func.generate_series(1, bindparam("count")).table_valued("value")
    table = column.table
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    return select(func.nextval(sequence)).select_from(numbers)
