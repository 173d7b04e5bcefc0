"""The statements of the word index (see `services.storage.tables.words`, which has the invariants).

The index is SQLite's FTS5. Where there is none, nothing is indexed and every search looks at the messages themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from services.storage.engines.statements import insert_or_update
from services.storage.search.wording import MANY, VERSION, Piece, Place
from services.storage.tables.schema import body, content
from services.storage.tables.words import COLUMNS, word_index

ROW = 1
FITTING = 1_000  # words that one piece may stand for

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
_QUOTED = ", ".join(f'"{name}"' for name in ("rowid", *COLUMNS))
_ADD = f"INSERT INTO words ({_QUOTED}) VALUES ({', '.join('?' * (1 + len(COLUMNS)))})"  # noqa: S608
_ADD_WORDS = text(
    "INSERT INTO word (word) SELECT value FROM json_each(:words) WHERE true ON CONFLICT DO NOTHING RETURNING id, word"
)
_ADD_TRIGRAMS = "INSERT INTO trigram (rowid, word) VALUES (?, ?)"
_FORGET = text("DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(:ids))")
_FIND = text("SELECT rowid FROM words WHERE words MATCH :match LIMIT :most")
_BY_TRIGRAMS = text(
    "SELECT word.word FROM trigram JOIN word ON word.id = trigram.rowid"
    " WHERE trigram MATCH :match AND instr(word.word, :part) LIMIT :most"
)
_BY_LETTERS = text("SELECT word FROM word WHERE instr(word, :part) LIMIT :most")


class Entry(NamedTuple):
    """A content to be indexed: its words, column by column, each in the order of `COLUMNS`."""

    id: int
    hash: bytes
    columns: tuple[frozenset[str], ...]


def supported(connection: Connection) -> bool:
    """Whether this database has the index."""
    return connection.dialect.name == "sqlite"


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
    if not after:
        connection.exec_driver_sql("INSERT INTO words (words) VALUES ('delete-all')")
    new = {word for each in entries for column in each.columns for word in column} - known
    _add_words(connection, new - {MANY})
    connection.exec_driver_sql(_ADD, [(each.id, *map(" ".join, each.columns)) for each in entries])
    row = {"id": ROW, "version": VERSION, "indexed": entries[-1].id}
    connection.execute(insert_or_update(connection, word_index, "version", "indexed"), row)
    return new


def _add_words(connection: Connection, words: set[str]) -> None:
    new = connection.execute(_ADD_WORDS, {"words": json.dumps(sorted(words))}).all() if words else ()
    if new:
        connection.exec_driver_sql(_ADD_TRIGRAMS, [(number, word) for number, word in new])


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Contents are gone: their ids may come back with other words."""
    if ids and supported(connection):
        connection.execute(_FORGET, {"ids": json.dumps(list(ids))})
        connection.execute(_LOWER, {"newest": newest(connection)})


def fitting(connection: Connection, piece: Piece) -> list[str] | None:
    """The words that have ``piece`` in its place; None when they are too many."""
    if piece.place is Place.WHOLE:
        return [piece.text]
    part = piece.text
    if len(part) < 3:
        rows = connection.execute(_BY_LETTERS, {"part": part, "most": FITTING + 1})
    else:
        match = " AND ".join(_quoted({part[start : start + 3] for start in range(len(part) - 2)}))
        rows = connection.execute(_BY_TRIGRAMS, {"match": match, "part": part, "most": FITTING + 1})
    found = list(rows.scalars())
    return [word for word in found if piece.fits(word)] if len(found) <= FITTING else None


def holding(connection: Connection, columns: Iterable[str], words: Sequence[Sequence[str]], most: int) -> list[int]:
    """Contents that hold, in one of ``columns`` each, a word of every group; at most ``most``."""
    scope = "{" + " ".join(_quoted(columns)) + "} : "
    match = " AND ".join(f"({scope}({' OR '.join(_quoted(group))}))" for group in words)
    return list(connection.execute(_FIND, {"match": match, "most": most}).scalars())


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word}"' for word in words]
