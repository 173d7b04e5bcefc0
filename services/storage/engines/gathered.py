"""Whole columns as one value each, put together by the database: a long answer costs a few strings, not many rows."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class gathered(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """``gathered(column)``: the column's numbers in the order of the rows. `numbers` reads the value."""

    name = "gathered"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(gathered)
def _array(element: gathered, compiler: Any, **options: Any) -> str:
    return f"array_agg({compiler.process(element.clauses, **options)})"


@compiles(gathered, "sqlite")
def _json(element: gathered, compiler: Any, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


def numbers(value: Any) -> list[int]:
    """What a gathered column holds; nothing where there were no rows."""
    if isinstance(value, str):
        found: list[int] = json.loads(value)
        return found
    return value or []
