"""What SORT and THREAD compare, for the messages that are there too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.mail.headers import collect
from shared.mail.sort_keys import sort_keys

revision = "0005"
down_revision = "0004"

TEXTS = ("sort_subject", "sort_from", "sort_to", "sort_cc", "shown_from", "shown_to")
NAMES = (*TEXTS, "thread")
FIELDS = frozenset(b"subject from to cc message-id references in-reply-to".split())
CONTENT = sa.table("content", sa.column("id"), *map(sa.column, NAMES))
AT_ONCE = 1_000
LINES = 10_000  # of a header block that are read


def upgrade() -> None:
    for name in TEXTS:
        op.add_column("content", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("content", sa.Column("thread", sa.LargeBinary(), nullable=False, server_default=""))
    fill(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_content_sort", "content", ["id", "date", *NAMES])


def fill(connection: sa.Connection) -> None:
    """The keys of all contents, out of their headers."""
    headers = sa.text(
        "SELECT content.id, substr(body.octets, 1, content.header_size) AS header FROM content"
        " JOIN body ON body.content_id = content.id WHERE content.id > :after ORDER BY content.id LIMIT :many"
    )
    keep = sa.update(CONTENT).where(CONTENT.c.id == sa.bindparam("of"))
    keep = keep.values({name: sa.bindparam(f"new_{name}") for name in NAMES})
    after = 0
    while rows := connection.execute(headers, {"after": after, "many": AT_ONCE}).all():
        connection.execute(keep, [_keys(*row) for row in rows])
        after = rows[-1].id


def _keys(number: int, header: bytes) -> dict[str, object]:
    keys = sort_keys(collect(header, FIELDS, LINES))
    return {"of": number, **{f"new_{name}": key for name, key in zip(NAMES, keys, strict=True)}}
