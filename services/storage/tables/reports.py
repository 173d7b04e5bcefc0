"""What other domains will be told of how mail went with them.

Invariants:
1. A count is added once: its request has an idempotency key.
2. A report's rows are removed in the transaction that puts the letter which tells of them into the spool.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, LargeBinary, Table, Text, UniqueConstraint

from services.storage.tables.schema import Id, metadata

report = Table(
    "report",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("domain", Text, nullable=False),
    Column("due", Float, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    UniqueConstraint("kind", "day", "domain"),
)

report_row = Table(
    "report_row",
    metadata,
    Column("id", Id, primary_key=True),
    Column("report_id", Id, ForeignKey("report.id"), nullable=False),
    Column("row", LargeBinary, nullable=False),
    Column("times", BigInteger, nullable=False),
    UniqueConstraint("report_id", "row"),
)
