"""The word index in SQLite: two FTS5 tables, one of the contents' words, one of the words' trigrams."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from services.storage.engines.words import FITTING, Span, WordIndex
from services.storage.tables.words import COLUMNS

_QUOTED = ", ".join(f'"{name}"' for name in ("rowid", *COLUMNS))
_ADD = f"INSERT INTO words ({_QUOTED}) VALUES ({', '.join('?' * (1 + len(COLUMNS)))})"  # noqa: S608
_KNOW = text(
    "INSERT INTO word (word) SELECT value FROM json_each(:words) WHERE true ON CONFLICT DO NOTHING RETURNING id, word"
)
_ADD_TRIGRAMS = "INSERT INTO trigram (rowid, word) VALUES (?, ?)"
_UNUSED = text(
    "SELECT value FROM json_each(:words)"
    " WHERE NOT EXISTS (SELECT 1 FROM words WHERE words MATCH '\"' || value || '\"')"
)
_DROP_TRIGRAMS = "INSERT INTO trigram (trigram, rowid, word) VALUES ('delete', ?, ?)"
_DROP = text("DELETE FROM word WHERE id IN (SELECT value FROM json_each(:ids))")
_FORGET = text("DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(:ids))")
_PRESENT = text("SELECT rowid FROM words WHERE rowid BETWEEN :first AND :last")
_FIND = text("SELECT rowid FROM words WHERE words MATCH :match LIMIT :most")
_BY_TRIGRAMS = text(
    "SELECT word.word FROM trigram JOIN word ON word.id = trigram.rowid"
    " WHERE trigram MATCH :match AND instr(word.word, :part) LIMIT :most"
)
_BY_LETTERS = text("SELECT word FROM word WHERE instr(word, :part) LIMIT :most")
_SPAN = "SELECT uid, content_id FROM message WHERE mailbox_id = :mailbox AND uid BETWEEN :first AND :last"
_HITS = "content_id > :indexed OR content_id IN (SELECT value FROM json_each(:contents))"
_OWN = (  # the octets in front of the content hold the piece, or what cannot be judged here
    " OR instr(lower(CAST(prefix AS TEXT)), :part) OR length(CAST(prefix AS TEXT)) <> length(prefix)"
    " OR instr(prefix, x'3d3f')"
)
_IN_CONTENT = text(f"{_SPAN} AND ({_HITS})")
_IN_COPY = text(f"{_SPAN} AND ({_HITS}{_OWN})")


class SqliteWords(WordIndex):
    def clear(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO words (words) VALUES ('delete-all')")

    def know(self, connection: Connection, words: Collection[str]) -> None:
        new = connection.execute(_KNOW, {"words": json.dumps(sorted(words))}).all()
        if new:
            connection.exec_driver_sql(_ADD_TRIGRAMS, [(number, word) for number, word in new])

    def unused(self, connection: Connection, words: Collection[str]) -> set[str]:
        return set(connection.execute(_UNUSED, {"words": json.dumps(list(words))}).scalars())

    def drop(self, connection: Connection, words: Mapping[int, str]) -> None:
        connection.exec_driver_sql(_DROP_TRIGRAMS, list(words.items()))
        connection.execute(_DROP, {"ids": json.dumps(list(words))})

    def add(self, connection: Connection, entries: Sequence[tuple[int, Sequence[frozenset[str]]]]) -> None:
        connection.exec_driver_sql(_ADD, [(number, *map(" ".join, columns)) for number, columns in entries])

    def forget(self, connection: Connection, contents: Sequence[int]) -> None:
        connection.execute(_FORGET, {"ids": json.dumps(list(contents))})

    def present(self, connection: Connection, first: int, last: int) -> set[int]:
        return set(connection.execute(_PRESENT, {"first": first, "last": last}).scalars())

    def having(self, connection: Connection, part: str) -> list[str]:
        if len(part) < 3:
            rows = connection.execute(_BY_LETTERS, {"part": part, "most": FITTING + 1})
        else:
            match = " AND ".join(_quoted({part[start : start + 3] for start in range(len(part) - 2)}))
            rows = connection.execute(_BY_TRIGRAMS, {"match": match, "part": part, "most": FITTING + 1})
        return list(rows.scalars())

    def holding(
        self, connection: Connection, columns: Iterable[str], words: Sequence[Sequence[str]], most: int
    ) -> list[int]:
        scope = "{" + " ".join(_quoted(columns)) + "} : "
        match = " AND ".join(f"({scope}({' OR '.join(_quoted(group))}))" for group in words)
        return list(connection.execute(_FIND, {"match": match, "most": most}).scalars())

    def among(
        self, connection: Connection, span: Span, indexed: int, contents: Sequence[int], part: str | None
    ) -> Sequence[Any]:
        asked = {**span._asdict(), "indexed": indexed, "contents": json.dumps(contents)}
        if part is None:
            return connection.execute(_IN_CONTENT, asked).all()
        return connection.execute(_IN_COPY, {**asked, "part": part}).all()


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word}"' for word in words]
