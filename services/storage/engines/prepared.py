"""Statements at the driver's own price.

SQLAlchemy's way to the driver and back costs tens of microseconds a statement and several a row, on paths where a
whole letter costs a few hundred. Here its compiler writes each statement once for each dialect; then values go to the
driver as they are, and rows come back as plain tuples.

Values are given in the order of the parameters' names, in types that the driver knows by itself. Of what comes back
only booleans are made so, which some databases keep as numbers. A list, for an IN, is filled up with its last element
to a power of two: so a statement has few texts, which driver and database remember.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Connection, Delete, Insert, Select, Update
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Statement = Select[Any] | Insert | Update | Delete
Form = Callable[[Sequence[Any]], Any]


class _Shape(NamedTuple):
    """Of a list: how many elements it is filled up to, and how wide each of them is; 0 where they are no tuples."""

    size: int
    width: int


class _Place(int):
    """Stands in the compiler's hands for the value with this index."""


class _Text(NamedTuple):
    """A statement as one dialect writes it."""

    text: str
    form: Form | None  # from values to what the driver takes; None where that is the same
    booleans: Sequence[int]  # columns that come back as numbers


class Prepared:
    """``statement``; ``names`` are its parameters, or the columns that an INSERT fills."""

    def __init__(self, statement: Statement, *names: str) -> None:
        self.names = names
        self._statement = statement
        self._texts: dict[tuple[str, tuple[_Shape | None, ...]], _Text] = {}
        self._plain = (None,) * len(names)  # the shapes of values without lists

    def rows(self, connection: Connection, *values: Any) -> list[tuple[Any, ...]]:
        """What a question finds."""
        text, given = self._fill(connection, values)
        rows: list[tuple[Any, ...]] = _driver(connection).execute(text.text, given).fetchall()
        return [_with_booleans(row, text.booleans) for row in rows] if text.booleans else rows

    def run(self, connection: Connection, *values: Any) -> None:
        """For a statement that answers nothing."""
        text, given = self._fill(connection, values)
        _driver(connection).execute(text.text, given)

    def run_many(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """The same for the values of each of ``rows``, which hold no lists; none is fine."""
        if not rows:
            return
        text, form, _ = self._text(connection, self._plain)
        given = rows if form is None else list(map(form, rows))
        if len(given) == 1:  # PostgreSQL's driver prepares more than it saves
            _driver(connection).execute(text, given[0])
        else:
            _driver(connection).cursor().executemany(text, given)

    def _fill(self, connection: Connection, values: Sequence[Any]) -> tuple[_Text, Any]:
        """The text for such values, and what the driver takes with it."""
        shapes: list[_Shape | None] = []
        flat: list[Any] = []
        for value in values:
            if isinstance(value, list):
                shape = _shape(value)
                filled = value + value[-1:] * (shape.size - len(value))
                flat += chain.from_iterable(filled) if shape.width else filled
                shapes.append(shape)
            else:
                flat.append(value)
                shapes.append(None)
        text = self._text(connection, tuple(shapes))
        return text, flat if text.form is None else text.form(flat)

    def _text(self, connection: Connection, shapes: tuple[_Shape | None, ...]) -> _Text:
        dialect = connection.dialect
        known = self._texts.get((dialect.name, shapes))
        if known is None:
            known = self._texts[dialect.name, shapes] = self._compiled(dialect, shapes)
        return known

    def _compiled(self, dialect: Dialect, shapes: Sequence[_Shape | None]) -> _Text:
        statement = self._statement
        compiled = statement.compile(dialect=dialect, column_keys=list(self.names))
        assert isinstance(compiled, SQLCompiler)
        places = map(_Place, count())
        given = {name: _placed(shape, places) for name, shape in zip(self.names, shapes, strict=True)}
        expanded = compiled.construct_expanded_state(given)
        if compiled.positional:
            form = _by_position(expanded.positional_parameters)
        else:
            form = _by_name(expanded.parameters)
        booleans = () if dialect.supports_native_boolean else _booleans(statement)
        return _Text(expanded.statement, form, booleans)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _shape(value: list[Any]) -> _Shape:
    if not value:
        return _Shape(0, 0)
    return _Shape(1 << (len(value) - 1).bit_length(), len(value[0]) if isinstance(value[0], tuple) else 0)


def _placed(shape: _Shape | None, places: Iterator[_Place]) -> Any:
    """What the compiler is given for a value of this shape: the next of ``places``, or a list of them."""
    if shape is None:
        return next(places)
    if not shape.width:
        return [next(places) for _ in range(shape.size)]
    return [tuple([next(places) for _ in range(shape.width)]) for _ in range(shape.size)]


def _by_position(given: Sequence[Any]) -> Form | None:
    """``given`` holds places, and constants of the statement, which are put behind the values."""
    constants = [each for each in given if not isinstance(each, _Place)]
    if not constants and list(given) == list(range(len(given))):
        return None
    behind = count(-len(constants))
    pick = itemgetter(*[each if isinstance(each, _Place) else next(behind) for each in given])
    return lambda values: pick((*values, *constants))


def _by_name(given: Mapping[str, Any]) -> Form:
    constants = {name: each for name, each in given.items() if not isinstance(each, _Place)}
    places = [(name, each) for name, each in given.items() if isinstance(each, _Place)]
    return lambda values: {name: values[place] for name, place in places} | constants


def _booleans(statement: Statement) -> Sequence[int]:
    if not isinstance(statement, Select):
        return ()
    columns = enumerate(statement.selected_columns)
    return [place for place, column in columns if isinstance(column.type, Boolean)]


def _with_booleans(row: tuple[Any, ...], booleans: Sequence[int]) -> tuple[Any, ...]:
    values = list(row)
    for place in booleans:
        if values[place] is not None:
            values[place] = bool(values[place])
    return tuple(values)
