"""How often words were dropped from the vocabulary, and whether some may be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    for name in ("drops", "forgotten"):
        op.add_column("word_index", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
