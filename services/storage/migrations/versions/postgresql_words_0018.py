"""The word index of PostgreSQL. SQLite has had its own since 0010."""

from __future__ import annotations

from alembic import op

from services.storage.tables.words import create_in_postgresql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        create_in_postgresql(connection)
