"""Tables about other servers. What has expired is removed when its domain is met again, or by the sweeper."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from services.storage.tables.schema import metadata

sts_policy = Table(
    "sts_policy",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)
