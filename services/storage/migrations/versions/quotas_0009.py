"""Quotas of messages, and of single mailboxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("account", sa.Column("message_quota", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("mailbox", sa.Column("quota", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("mailbox", sa.Column("message_quota", sa.BigInteger(), server_default="0", nullable=False))
