"""The word index, empty: it is filled in the background."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.storage.tables.words import VIRTUAL

revision = "0010"
down_revision = "0009"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "word",
        sa.Column("id", ID, nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_word"),
        sa.UniqueConstraint("word", name="uq_word_word"),
    )
    op.create_table(
        "word_index",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("indexed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_word_index"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in VIRTUAL:
            op.execute(statement)
