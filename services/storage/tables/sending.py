"""Who may send as whom, beside the owners of an address."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from services.storage.tables.schema import Id, metadata

send_as = Table(
    "send_as",
    metadata,
    Column("address", Text, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True, index=True),
)
