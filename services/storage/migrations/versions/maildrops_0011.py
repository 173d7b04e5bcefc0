"""When a maildrop was opened last (LOGIN-DELAY of RFC 2449)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("maildrop_lock", sa.Column("opened", sa.Float(), server_default="0", nullable=False))
