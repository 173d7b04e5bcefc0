"""Annotations of mailboxes and of the server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "annotation",
        sa.Column("mailbox_id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox_id", "account_id", "name", name="pk_annotation"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_annotation_account_id", "annotation", ["account_id"], unique=False)
