"""Tables of Sieve. At most one script of an account is active; its text is what delivery runs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, Table, Text

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
)
Index(
    "ix_sieve_script_active",
    sieve_script.c.account_id,
    unique=True,
    sqlite_where=sieve_script.c.active.is_(True),
    postgresql_where=sieve_script.c.active.is_(True),
)
