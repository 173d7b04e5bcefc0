"""The word index: which contents hold which words, and which words hold which three letters.

Invariants, kept by `services.storage.repositories.words`:

1. ``word_index.indexed`` is a content id: every content up to it stands in ``words``, with all its words or with the
   mark that there were too many; none beyond it does. It may fall when contents are collected, since ids return.
2. Each word in ``words`` stands once in ``word`` and, by the same number, in ``trigram``. Words stay when the last
   content that had them is gone.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, event

from services.storage.tables.schema import Id, metadata

COLUMNS = ("subject", "from", "to", "cc", "bcc", "header", "body")  # "header": all other fields, and names of fields

word = Table(
    "word",
    metadata,
    Column("id", Id, primary_key=True),
    Column("word", Text, nullable=False, unique=True),
)

word_index = Table(
    "word_index",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),  # of how words are read
    Column("indexed", BigInteger, nullable=False),
)

_QUOTED = ", ".join(f'"{name}"' for name in COLUMNS)
_OPTIONS = "content='', contentless_delete=1, detail=column, tokenize='ascii'"
VIRTUAL = (
    f"CREATE VIRTUAL TABLE words USING fts5({_QUOTED}, {_OPTIONS})",
    "CREATE VIRTUAL TABLE trigram USING fts5(word, content='', detail=none, tokenize='trigram case_sensitive 1')",
)


def _create_virtual(target: MetaData, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "sqlite":
        for statement in VIRTUAL:
            connection.exec_driver_sql(statement)


event.listen(metadata, "after_create", _create_virtual)
