"""Which Sieve scripts may refuse a letter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("sieve_script", sa.Column("refuses", sa.Boolean(), server_default="0", nullable=False))
    script = sa.table(
        "sieve_script", sa.column("account_id"), sa.column("name"), sa.column("octets"), sa.column("refuses")
    )
    connection = op.get_bind()
    for owner, name, octets in connection.execute(
        sa.select(script.c.account_id, script.c.name, script.c.octets)
    ).all():
        if b"reject" in octets:
            mine = (script.c.account_id == owner) & (script.c.name == name)
            connection.execute(sa.update(script).where(mine).values(refuses=True))
