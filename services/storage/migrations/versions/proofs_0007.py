"""Proofs of passwords: SCRAM verifiers, and sealed passwords for APOP."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("account", sa.Column("scram", sa.Text(), server_default="", nullable=False))
    op.add_column("account", sa.Column("apop", sa.LargeBinary()))
