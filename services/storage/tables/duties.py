"""What one process at a time does, of all that share the database."""

from __future__ import annotations

from sqlalchemy import Column, Float, Table, Text

from services.storage.tables.schema import metadata

duty = Table(
    "duty",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),  # the id of a process
    Column("until", Float, nullable=False),
)
