"""The word index in PostgreSQL: an array of words for each content under one GIN index, and pg_trgm's index over the
vocabulary. Where the server lacks pg_trgm, the vocabulary is read through: slower, and as exact.

In the array a word has the number of its column in front: "6needle" stands in the body.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text

from services.storage.engines.words import FITTING, Span, WordIndex
from services.storage.tables.words import COLUMNS

_MARKS = {name: str(number) for number, name in enumerate(COLUMNS)}
_WORDS, _IDS = ARRAY(Text), ARRAY(BigInteger)

_ADD = text("INSERT INTO words (content_id, words) VALUES (:content, :words)").bindparams(
    bindparam("words", type_=_WORDS)
)
_KNOW = text("INSERT INTO word (word) SELECT fresh FROM unnest(:words) AS fresh ON CONFLICT DO NOTHING").bindparams(
    bindparam("words", type_=_WORDS)
)
_MARKED = ", ".join(f"'{mark}' || found" for mark in _MARKS.values())
_HELD = f"SELECT 1 FROM words WHERE words && ARRAY[{_MARKED}]"  # noqa: S608 - marks are numbers
_UNUSED = text(f"SELECT found FROM unnest(:words) AS found WHERE NOT EXISTS ({_HELD})").bindparams(  # noqa: S608
    bindparam("words", type_=_WORDS)
)
_DROP = text("DELETE FROM word WHERE id = ANY(:ids)").bindparams(bindparam("ids", type_=_IDS))
_FORGET = text("DELETE FROM words WHERE content_id = ANY(:ids)").bindparams(bindparam("ids", type_=_IDS))
_PRESENT = text("SELECT content_id FROM words WHERE content_id BETWEEN :first AND :last")
_HAVING = text("SELECT word FROM word WHERE word LIKE :pattern LIMIT :most")  # words are letters and digits alone
_SPAN = "SELECT uid, content_id FROM message WHERE mailbox_id = :mailbox AND uid BETWEEN :first AND :last"
_HITS = "content_id > :indexed OR content_id = ANY(:contents)"
_OWN = (  # the octets in front of the content hold the piece, or what cannot be judged here
    " OR position(:part IN lower(encode(prefix, 'escape'))) > 0"
    " OR length(encode(prefix, 'escape')) <> length(prefix) OR position('\\x3d3f'::bytea IN prefix) > 0"
)
_IN_CONTENT = text(f"{_SPAN} AND ({_HITS})").bindparams(bindparam("contents", type_=_IDS))
_IN_COPY = text(f"{_SPAN} AND ({_HITS}{_OWN})").bindparams(bindparam("contents", type_=_IDS))


class PostgresqlWords(WordIndex):
    def clear(self, connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM words")

    def know(self, connection: Connection, words: Collection[str]) -> None:
        connection.execute(_KNOW, {"words": sorted(words)})

    def unused(self, connection: Connection, words: Collection[str]) -> set[str]:
        return set(connection.execute(_UNUSED, {"words": list(words)}).scalars())

    def drop(self, connection: Connection, words: Mapping[int, str]) -> None:
        connection.execute(_DROP, {"ids": list(words)})

    def add(self, connection: Connection, entries: Sequence[tuple[int, Sequence[frozenset[str]]]]) -> None:
        connection.execute(_ADD, [{"content": number, "words": _marked(columns)} for number, columns in entries])

    def forget(self, connection: Connection, contents: Sequence[int]) -> None:
        connection.execute(_FORGET, {"ids": list(contents)})

    def present(self, connection: Connection, first: int, last: int) -> set[int]:
        return set(connection.execute(_PRESENT, {"first": first, "last": last}).scalars())

    def having(self, connection: Connection, part: str) -> list[str]:
        return list(connection.execute(_HAVING, {"pattern": f"%{part}%", "most": FITTING + 1}).scalars())

    def holding(
        self, connection: Connection, columns: Iterable[str], words: Sequence[Sequence[str]], most: int
    ) -> list[int]:
        marks = [_MARKS[name] for name in columns]
        groups = {
            f"group{place}": [mark + word for mark in marks for word in group] for place, group in enumerate(words)
        }
        where = " AND ".join(f"words && :{name}" for name in groups)
        find = text(f"SELECT content_id FROM words WHERE {where} LIMIT :most")  # noqa: S608
        find = find.bindparams(*(bindparam(name, type_=_WORDS) for name in groups))
        return list(connection.execute(find, {**groups, "most": most}).scalars())

    def among(
        self, connection: Connection, span: Span, indexed: int, contents: Sequence[int], part: str | None
    ) -> Sequence[Any]:
        asked = {**span._asdict(), "indexed": indexed, "contents": list(contents)}
        if part is None:
            return connection.execute(_IN_CONTENT, asked).all()
        return connection.execute(_IN_COPY, {**asked, "part": part}).all()


def _marked(columns: Sequence[frozenset[str]]) -> list[str]:
    return [f"{number}{word}" for number, words in enumerate(columns) for word in words]
