"""Tables of backups under way, and of a restoration.

Invariants:
1. While a lease lasts, no body is collected: what a backup has seen named, it finds.
2. While there is a restoration, nobody but who restores is served (`services.storage.gate`).
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Table, Text

from services.storage.tables.schema import metadata

backup_lease = Table(
    "backup_lease",
    metadata,
    Column("id", Text, primary_key=True),
    Column("until", Float, nullable=False),
)

restoration = Table("restoration", metadata, Column("id", Text, primary_key=True))
