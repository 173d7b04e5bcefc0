"""Events that are committed and not known to be published, where several processes of storage share the database.

Invariant: a row is written in the transaction whose events it holds, and removed by the process that published them;
one that stays was left by a process that died, and is published by another.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, LargeBinary, Table

from services.storage.tables.schema import Id, metadata

announcement = Table(
    "announcement",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),  # Unix seconds
    Column("events", LargeBinary, nullable=False),  # as `services.storage.repositories.announcements` packs them
)
