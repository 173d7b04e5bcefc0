"""The word index: which contents hold which words, and which words hold which three letters.

Invariants, kept by `services.storage.repositories.words`:

1. ``word_index.indexed`` is a content id: every content up to it stands in ``words``, with all its words or with the
   mark that there were too many; none beyond it does. It may fall when contents are collected, since ids return.
2. Each word in ``words`` stands once in ``word`` and, by the same number, in ``trigram``, which on PostgreSQL is an
   index of ``word``. A word may stand in ``word`` alone, for a while: `services.storage.search.vocabulary`.
3. ``word_index.drops`` grows with each removal from ``word``, in its transaction: what was known to be there before
   that need not be there any more. ``forgotten`` counts contents that took their words along, until a walk is over.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, event
from sqlalchemy.exc import DBAPIError

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
    Column("drops", BigInteger, nullable=False, server_default="0"),
    Column("forgotten", BigInteger, nullable=False, server_default="0"),
)

_QUOTED = ", ".join(f'"{name}"' for name in COLUMNS)
_OPTIONS = "content='', contentless_delete=1, detail=column, tokenize='ascii'"
VIRTUAL = (
    f"CREATE VIRTUAL TABLE words USING fts5({_QUOTED}, {_OPTIONS})",
    "CREATE VIRTUAL TABLE trigram USING fts5(word, content='', detail=none, tokenize='trigram case_sensitive 1')",
)


POSTGRESQL = (
    'CREATE TABLE words (content_id bigint PRIMARY KEY, words text[] COLLATE "C" NOT NULL)',
    "CREATE INDEX ix_words_words ON words USING gin (words)",
)
_TRIGRAMS = (  # an extension that any owner of a database may have, where the server brings it
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX ix_word_trigrams ON word USING gin (word gin_trgm_ops)",
)


def create_in_postgresql(connection: Connection) -> None:
    """The tables and indexes of PostgreSQL alone."""
    for statement in POSTGRESQL:
        connection.exec_driver_sql(statement)
    try:
        with connection.begin_nested():
            for statement in _TRIGRAMS:
                connection.exec_driver_sql(statement)
    except DBAPIError:
        return  # searches read the vocabulary through


def _create(target: MetaData, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "sqlite":
        for statement in VIRTUAL:
            connection.exec_driver_sql(statement)
    else:
        create_in_postgresql(connection)


event.listen(metadata, "after_create", _create)
