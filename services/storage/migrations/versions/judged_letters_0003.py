"""What judgement says of a letter: fields in front of its body, and whether it belongs into Junk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("letter", sa.Column("prefix", sa.LargeBinary(), nullable=True))
    op.add_column("letter", sa.Column("junk", sa.Boolean(), server_default="0", nullable=False))
