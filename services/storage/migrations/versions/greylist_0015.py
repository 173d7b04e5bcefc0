"""Who was told to come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "greylist",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_greylist"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_greylist_last", "greylist", ["last"], unique=False)
