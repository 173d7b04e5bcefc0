"""Recipients elsewhere: their lane of claims, their own sender, and what the client asked for their letter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for name in ("far", "warned"):
        op.add_column("recipient", sa.Column(name, sa.Boolean(), server_default="0", nullable=False))
    op.add_column("recipient", sa.Column("sender", sa.Text(), server_default="", nullable=False))
    op.add_column("letter", sa.Column("require_tls", sa.Boolean(), server_default="0", nullable=False))
    op.add_column("letter", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("letter", sa.Column("deliver_by", sa.Float(), server_default="0", nullable=False))
    op.add_column("letter", sa.Column("by_mode", sa.Text(), server_default="", nullable=False))
    op.drop_index("ix_recipient_due", "recipient")
    ready = sa.text("state = 'ready'")
    op.create_index(
        "ix_recipient_due",
        "recipient",
        ["far", "next_attempt", "letter_seq"],
        sqlite_where=ready,
        postgresql_where=ready,
    )
