"""Tables of Sieve.

Invariants:
1. At most one script of an account is active; its text is what delivery runs.
2. A memory counts until its time. It is written in the transaction that settles the recipient it comes from.
3. An account's log keeps its newest lines (`services.storage.repositories.sieve_log`).
4. ``mailbox.script`` is NULL unless a script of the mailbox's owner is to run on what clients do there, as
   annotations say (`services.storage.repositories.mailbox_scripts`).
5. An IMAP event is written in the transaction of what caused it, and removed in the one that does what its script
   wants; it holds the message as it was then. An id never comes back: an event that is not there is done with.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
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

imap_event = Table(
    "imap_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", Id, nullable=False, index=True),
    Column("uid", BigInteger, nullable=False),
    Column("content_id", Id, nullable=False),
    Column("flagset_id", Id, nullable=False),  # after the change
    Column("size", BigInteger, nullable=False),  # prefix included
    Column("date", BigInteger, nullable=False),  # INTERNALDATE
    Column("prefix", LargeBinary, nullable=False),
    Column("account_id", Id, nullable=False),  # who did it
    Column("cause", Text, nullable=False),  # APPEND | COPY | FLAG
    Column("changed", Text, nullable=False),  # flags, joined by one space
    Column("script", Text, nullable=False),  # its name when it happened
    Column("trace", Text, nullable=False),
    Column("fence", Integer, nullable=False, server_default="0"),  # grows with each claim
    Column("lease_until", Float, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
