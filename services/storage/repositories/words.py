"""The statements of the word index (see `services.storage.tables.words`, which has the invariants).

What dialects do in ways of their own is in `services.storage.engines.words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, select, update

from services.storage.engines.statements import insert_or_update
from services.storage.engines.words import FITTING, Span, WordIndex
from services.storage.engines.words_postgresql import PostgresqlWords
from services.storage.engines.words_sqlite import SqliteWords
from services.storage.search.wording import MANY, VERSION, Piece, Place
from services.storage.tables.schema import body, content
from services.storage.tables.words import word_index

ROW = 1

_STATE = select(word_index.c.version, word_index.c.indexed).where(word_index.c.id == ROW)
_NEWEST = select(func.max(content.c.id))
_NEXT = (
    select(
        content.c.id,
        content.c.hash,
        content.c.header_size,
        content.c.parts,
        content.c.date,
        body.c.octets,
        body.c.location,
    )
    .join_from(content, body)
    .where(content.c.id > bindparam("after"))
    .order_by(content.c.id)
    .limit(bindparam("many"))
)
_HASHES = select(content.c.id, content.c.hash).where(content.c.id.between(bindparam("first"), bindparam("last")))
_LOWER = update(word_index).where(word_index.c.id == ROW, word_index.c.indexed > bindparam("newest"))
_LOWER = _LOWER.values(indexed=bindparam("newest"))
_INDEXES: Mapping[str, WordIndex] = {"sqlite": SqliteWords(), "postgresql": PostgresqlWords()}


class Entry(NamedTuple):
    """A content to be indexed: its words, column by column, each in the order of `tables.words.COLUMNS`."""

    id: int
    hash: bytes
    columns: tuple[frozenset[str], ...]


def _index(connection: Connection) -> WordIndex:
    return _INDEXES[connection.dialect.name]


def indexed(connection: Connection) -> int:
    """The content id up to which everything is indexed; 0 when nothing is, or not in our way."""
    row = connection.execute(_STATE).first()
    return int(row.indexed) if row is not None and row.version == VERSION else 0


def newest(connection: Connection) -> int:
    """The highest content id."""
    return connection.execute(_NEWEST).scalar() or 0


def next_contents(connection: Connection, after: int, many: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Contents behind ``after``, with what is read of them."""
    return connection.execute(_NEXT, {"after": after, "many": many}).all()


def add(connection: Connection, after: int, entries: Sequence[Entry], known: Set[str]) -> set[str] | None:
    """Index ``entries``, which follow ``after`` without a gap; None when the contents have changed meanwhile.

    ``known``: words that are in the vocabulary for certain. The others are returned: they are, after the commit.
    """
    if indexed(connection) != after:
        return None
    span = {"first": after + 1, "last": entries[-1].id}
    if {row.id: row.hash for row in connection.execute(_HASHES, span)} != {each.id: each.hash for each in entries}:
        return None
    index = _index(connection)
    if not after:
        index.clear(connection)
    new = {word for each in entries for column in each.columns for word in column} - known
    if not new <= {MANY}:
        index.know(connection, new - {MANY})
    index.add(connection, [(each.id, each.columns) for each in entries])
    row = {"id": ROW, "version": VERSION, "indexed": entries[-1].id}
    connection.execute(insert_or_update(connection, word_index, "version", "indexed"), row)
    return new


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Contents are gone: their ids may come back with other words."""
    if ids:
        _index(connection).forget(connection, ids)
        connection.execute(_LOWER, {"newest": newest(connection)})


def go_back(connection: Connection, content: int) -> None:
    """Let ``content`` be the next one to be indexed, where it is behind the watermark."""
    last = indexed(connection)
    if content > last:
        _index(connection).forget(connection, [content])
    else:
        _index(connection).forget(connection, sorted(present(connection, content, last)))
        connection.execute(_LOWER, {"newest": content - 1})


def present(connection: Connection, first: int, last: int) -> set[int]:
    """Which contents from ``first`` to ``last`` are in the index; none while it waits to be made anew."""
    if not indexed(connection):
        return set()
    return _index(connection).present(connection, first, last)


def fitting(connection: Connection, piece: Piece) -> list[str] | None:
    """The words that have ``piece`` in its place; None when they are too many."""
    if piece.place is Place.WHOLE:
        return [piece.text]
    found = _index(connection).having(connection, piece.text)
    return [word for word in found if piece.fits(word)] if len(found) <= FITTING else None


def holding(connection: Connection, columns: Iterable[str], words: Sequence[Sequence[str]], most: int) -> list[int]:
    """Contents that hold, in one of ``columns`` each, a word of every group; at most ``most``."""
    return _index(connection).holding(connection, columns, words, most)


def among(
    connection: Connection, span: Span, indexed: int, contents: Sequence[int], part: str | None
) -> Sequence[Any]:
    """(UID, content id) of those messages of a span that may hold what ``contents`` were found for: those contents',
    those not ``indexed`` yet and, where a ``part`` is given, those that may have it in front of their content."""
    return _index(connection).among(connection, span, indexed, contents, part)
