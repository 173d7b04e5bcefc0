"""Letters that judgement wants in Junk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("letter", sa.Column("junk", sa.Boolean(), server_default="0", nullable=False))
