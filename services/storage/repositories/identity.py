"""Row numbers given out by us, so that a batch of rows and those that point at them need no answer from an INSERT."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, func, select

from services.storage.engines.prepared import Prepared
from services.storage.engines.statements import next_values


def reserve(connection: Connection, column: Column[Any], count: int) -> Sequence[int]:
    """``count`` unused values of an integer primary key, ascending.

    On SQLite the transaction excludes every other writer, so that the row with the highest number decides. PostgreSQL
    has a sequence for each key.
    """
    if connection.dialect.name == "postgresql":
        return list(connection.execute(next_values(column), {"count": count}).scalars())
    ((last,),) = _last(column).rows(connection)
    first = (last or 0) + 1
    return range(first, first + count)


@cache
def _last(column: Column[Any]) -> Prepared:
    return Prepared(select(func.max(column)))
