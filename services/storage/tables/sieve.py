"""Tables of Sieve.

Invariants:
1. At most one script of an account is active; its text is what delivery runs.
2. A memory counts until its time. It is written in the transaction that settles the recipient it comes from.
3. An account's log keeps its newest lines (`services.storage.repositories.sieve_log`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
)

from services.storage.tables.schema import Id, metadata

sieve_script = Table(
    "sieve_script",
    metadata,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("octets", LargeBinary, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of octets, in hexadecimal
    Column("modified", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False, server_default="0"),
    Column("refuses", Boolean, nullable=False, server_default="0"),  # it speaks of reject or ereject
)
IS_ACTIVE = sieve_script.c.active.is_(True)  # the partial index serves only a query that says this literally
Index(
    "ix_sieve_script_active",
    sieve_script.c.account_id,
    unique=True,
    sqlite_where=IS_ACTIVE,
    postgresql_where=IS_ACTIVE,
)

sieve_memory = Table(
    "sieve_memory",
    metadata,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

sieve_log = Table(
    "sieve_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("letter", Text, nullable=False),
    Column("text", Text, nullable=False),
)
