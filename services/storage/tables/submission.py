"""Tables of what comes in: the keys that sign what users send, who has sent how much, who was told to come back.

Invariants:
1. A private key is never stored in clear: ``secret`` is sealed with the server's key (`services.storage.dkim`).
2. A submission is counted in the transaction that accepts it, so all replicas count together.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text

from services.storage.tables.schema import Id, metadata

dkim_key = Table(
    "dkim_key",
    metadata,
    Column("domain_id", Id, ForeignKey("domain.id"), primary_key=True),
    Column("selector", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),  # rsa | ed25519
    Column("secret", LargeBinary, nullable=False),
    Column("record", Text, nullable=False),  # as it stands in the DNS
    Column("created", BigInteger, nullable=False),
    Column("signs_from", BigInteger, nullable=False),
    Column("signs_until", BigInteger, nullable=False),  # 0: no end is known
    sqlite_with_rowid=False,
)

submission = Table(
    "submission",
    metadata,
    Column("account_id", Id, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # Unix hours
    Column("letters", Integer, nullable=False),
    Column("recipients", Integer, nullable=False),
    sqlite_with_rowid=False,
)

greylist = Table(
    "greylist",
    metadata,
    Column("key", Text, primary_key=True),  # a hash: of client network, sender and recipient, or of the network
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False, index=True),
    Column("passed", Integer, nullable=False),  # of a network: how many of its keys came back
    sqlite_with_rowid=False,
)
