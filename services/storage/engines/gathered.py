"""Whole columns as one value each, put together by the database: a long answer costs a few strings, not many rows."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class gathered(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """``gathered(column)``: the column's numbers in the order of the rows. `numbers` reads the value."""

    name = "gathered"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


class gathered_octets(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """``gathered_octets(column)``: the column's octets one behind the other, in the order of the rows."""

    name = "gathered_octets"
    type = LargeBinary()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(gathered)
def _array(element: gathered, compiler: Any, **options: Any) -> str:
    return f"array_agg({compiler.process(element.clauses, **options)})"


@compiles(gathered, "sqlite")
def _json(element: gathered, compiler: Any, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


@compiles(gathered_octets)
def _string_agg(element: gathered_octets, compiler: Any, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ''::bytea)"


@compiles(gathered_octets, "sqlite")
def _group_concat(element: gathered_octets, compiler: Any, **options: Any) -> str:
    # Neither of the two looks at the octets: a text is as good as a blob.
    return f"CAST(group_concat({compiler.process(element.clauses, **options)}, '') AS BLOB)"


def numbers(value: Any) -> list[int]:
    """What a gathered column holds; nothing where there were no rows."""
    if isinstance(value, str):
        found: list[int] = json.loads(value)
        return found
    return value or []
