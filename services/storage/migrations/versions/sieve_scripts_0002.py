"""Sieve scripts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sieve_script",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sieve_script_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_sieve_script"),
    )
    active = sa.text("active IS 1")
    op.create_index(
        "ix_sieve_script_active",
        "sieve_script",
        ["account_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=sa.text("active IS true"),
    )
