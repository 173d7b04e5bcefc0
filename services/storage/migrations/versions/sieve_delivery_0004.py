"""What running Sieve scripts needs: memories, logs, and letters with something in front of their body."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("letter", sa.Column("prefix", sa.LargeBinary(), nullable=True))
    op.create_table(
        "sieve_memory",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sieve_memory_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_sieve_memory"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sieve_memory_until", "sieve_memory", ["until"], unique=False)
    op.create_table(
        "sieve_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sieve_log_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_sieve_log"),
    )
    op.create_index("ix_sieve_log_account_id", "sieve_log", ["account_id"], unique=False)
