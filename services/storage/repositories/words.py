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
from services.storage.tables.words import word, word_index

ROW = 1

_STATE = select(word_index).where(word_index.c.id == ROW)
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
_FORGOTTEN = (
    update(word_index).where(word_index.c.id == ROW).values(forgotten=word_index.c.forgotten + bindparam("more"))
)
_DROPPED = update(word_index).where(word_index.c.id == ROW).values(drops=word_index.c.drops + 1)
_VOCABULARY = (
    select(word.c.id, word.c.word).where(word.c.id > bindparam("after")).order_by(word.c.id).limit(bindparam("many"))
)
_INDEXES: Mapping[str, WordIndex] = {"sqlite": SqliteWords(), "postgresql": PostgresqlWords()}


class Known(NamedTuple):
    """Words that are in the vocabulary for certain, as long as there have been so many ``drops`` from it."""

    words: Set[str]
    drops: int = 0


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


def add(connection: Connection, after: int, entries: Sequence[Entry], known: Known) -> Known | None:
    """Index ``entries``, which follow ``after`` without a gap; None when the contents have changed meanwhile.

    The words that were not ``known`` are returned: they are, after the commit.
    """
    state = connection.execute(_STATE).first()
    if (state.indexed if state is not None and state.version == VERSION else 0) != after:
        return None
    drops = 0 if state is None else state.drops
    span = {"first": after + 1, "last": entries[-1].id}
    if {row.id: row.hash for row in connection.execute(_HASHES, span)} != {each.id: each.hash for each in entries}:
        return None
    index = _index(connection)
    if not after:
        index.clear(connection)
    new = {each for entry in entries for column in entry.columns for each in column}
    if drops == known.drops:
        new -= known.words
    if not new <= {MANY}:
        index.know(connection, new - {MANY})
    index.add(connection, [(each.id, each.columns) for each in entries])
    row = {"id": ROW, "version": VERSION, "indexed": entries[-1].id}
    connection.execute(insert_or_update(connection, word_index, "version", "indexed"), row)
    return Known(new, drops)


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Contents are gone: their ids may come back with other words."""
    if ids:
        _index(connection).forget(connection, ids)
        connection.execute(_LOWER, {"newest": newest(connection)})
        connection.execute(_FORGOTTEN, {"more": len(ids)})


def forgotten(connection: Connection) -> int:
    """How many contents went since a walk over the vocabulary began that has ended."""
    row = connection.execute(_STATE).first()
    return int(row.forgotten) if row is not None else 0


def walked(connection: Connection, forgotten: int) -> None:
    """A walk is over that began when so many were forgotten."""
    connection.execute(_FORGOTTEN, {"more": -forgotten})


def vocabulary(connection: Connection, after: int, many: int) -> dict[int, str]:
    """The next words behind the id ``after``, by id."""
    return {row.id: row.word for row in connection.execute(_VOCABULARY, {"after": after, "many": many})}


def unused(connection: Connection, some: Mapping[int, str]) -> dict[int, str]:
    """Those of ``some`` words that no content has."""
    found = _index(connection).unused(connection, list(some.values())) if some else set[str]()
    return {number: each for number, each in some.items() if each in found}


def drop(connection: Connection, some: Mapping[int, str]) -> int:
    """Take those of ``some`` words out of the vocabulary that no content has; how many."""
    gone = unused(connection, some)
    if gone:
        _index(connection).drop(connection, gone)
        connection.execute(_DROPPED)
    return len(gone)


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
