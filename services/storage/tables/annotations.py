"""The table of annotations (RFC 5464).

Invariants: an annotation has a value, of the size and number that the settings allow; it goes with its mailbox and
with the account whose own it is.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from services.storage.tables.schema import Id, metadata

annotation = Table(
    "annotation",
    metadata,
    Column("mailbox_id", Id, primary_key=True, autoincrement=False),  # 0: the server's
    Column("account_id", Id, primary_key=True, autoincrement=False),  # whose own it is; 0: shared
    Column("name", Text, primary_key=True),  # lower case
    Column("value", LargeBinary, nullable=False),
    Index("ix_annotation_account_id", "account_id"),
    sqlite_with_rowid=False,
)
