"""Who may send as whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "send_as",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_send_as_account_id_account"),
        sa.PrimaryKeyConstraint("address", "account_id", name="pk_send_as"),
    )
    op.create_index("ix_send_as_account_id", "send_as", ["account_id"])
