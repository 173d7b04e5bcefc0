"""Rights of others in a mailbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "acl",
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("negative", sa.Boolean(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_acl_mailbox_id_mailbox"),
        sa.PrimaryKeyConstraint("mailbox_id", "account_id", "negative", name="pk_acl"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_acl_account_id", "acl", ["account_id"], unique=False)
