"""Row numbers given out by us, so that a batch of rows and those that point at them need no answer from an INSERT."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Executable, func, select


def reserve(connection: Connection, column: Column[Any], count: int) -> int:
    """The first of ``count`` consecutive unused values of an integer primary key.

    On SQLite the transaction excludes every other writer, so that the row with the highest number decides.
    """
    last: int | None = connection.execute(_last(column)).scalar()
    return (last or 0) + 1


@cache
def _last(column: Column[Any]) -> Executable:
    return select(func.max(column))
