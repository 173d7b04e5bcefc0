"""INSERT and UPDATE of many rows at the driver's own price.

SQLAlchemy turns each row of an executemany from a dict into the driver's form: several microseconds a row on paths
where a whole letter costs a hundred. Here its compiler writes the statement once for each dialect, and rows go to the
driver as they are: in the order of the columns, values in types that the driver knows by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, Update, insert
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.sql.compiler import SQLCompiler


class BulkInsert:
    """``columns`` of ``table``, in the order in which the table has them and rows give them."""

    def __init__(self, table: Table, *columns: str) -> None:
        self._statement = insert(table)
        self.columns = columns
        self._texts: dict[str, tuple[str, bool]] = {}

    def execute(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert ``rows``; none is fine."""
        if not rows:
            return
        text, positional = self._text(connection)
        if positional:
            connection.exec_driver_sql(text, rows)
        else:
            connection.exec_driver_sql(text, [dict(zip(self.columns, row, strict=True)) for row in rows])

    def _text(self, connection: Connection) -> tuple[str, bool]:
        dialect = connection.dialect
        known = self._texts.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=list(self.columns))
            known = self._texts[dialect.name] = (str(compiled), dialect.positional)
        return known


class BulkUpdate:
    """An UPDATE of one row at a time. ``names`` are its parameters, in the order in which rows give them."""

    def __init__(self, statement: Update, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, tuple[str, Callable[[tuple[Any, ...]], Any]]] = {}

    def execute(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Update what ``rows`` say; none is fine."""
        if rows:
            text, form = self._text(connection)
            connection.exec_driver_sql(text, list(map(form, rows)))

    def _text(self, connection: Connection) -> tuple[str, Callable[[tuple[Any, ...]], Any]]:
        dialect = connection.dialect
        known = self._texts.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=dialect)
            known = self._texts[dialect.name] = (str(compiled), self._form(compiled))
        return known

    def _form(self, compiled: Compiled) -> Callable[[tuple[Any, ...]], Any]:
        """From a row to what the driver takes."""
        assert isinstance(compiled, SQLCompiler)
        if compiled.positional:
            assert compiled.positiontup is not None
            return itemgetter(*map(self._names.index, compiled.positiontup))
        return lambda row: dict(zip(self._names, row, strict=True))
