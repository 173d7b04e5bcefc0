"""What nobody names any more, found and removed a few hundred rows at a time: the writer has other things to do."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, literal_column, select

from services.storage.repositories import uploads, words
from services.storage.tables.schema import body, content, dedupe, letter, recipient

MANY = 500

UNUSED = (
    select(content.c.id, content.c.hash, body.c.location)
    .join_from(content, body, isouter=True)
    .where(content.c.uses == literal_column("0"))
    .limit(MANY)
)
OLD_ANSWERS = select(dedupe.c.key).where(dedupe.c.at < bindparam("before")).limit(MANY)
LETTERS = (
    select(letter.c.seq, letter.c.open, letter.c.accepted)
    .where(letter.c.seq > bindparam("after"))
    .order_by(letter.c.seq)
    .limit(MANY)
)


class Walked(NamedTuple):
    """How far a walk over the letters came; ``more``: go on from there."""

    seq: int
    more: bool


def contents(connection: Connection) -> tuple[int, list[str]]:
    """Remove contents without a use: how many, and the locations of bodies that may go after the commit.

    An upload may name the body of a content that has gone: it stays.
    """
    rows = connection.execute(UNUSED).all()
    ids = [row.id for row in rows]
    if ids:
        connection.execute(delete(body).where(body.c.content_id.in_(ids)))
        connection.execute(delete(content).where(content.c.id.in_(ids)))
        words.forget(connection, ids)
    large = [row for row in rows if row.location]
    named = uploads.locations(connection, {row.hash for row in large}) if large else set()
    return len(ids), [row.location for row in large if row.location not in named]


def answers(connection: Connection, before: float) -> int:
    """Forget recorded answers; how many."""
    keys = list(connection.execute(OLD_ANSWERS, {"before": int(before)}).scalars())
    if keys:
        connection.execute(delete(dedupe).where(dedupe.c.key.in_(keys)))
    return len(keys)


def letters(connection: Connection, after: int, before: float) -> Walked:
    """Remove the finished letters among the next few behind ``after`` that were accepted before ``before``.

    Numbers of letters ascend with their time: the first one that is too young ends the walk.
    """
    rows = connection.execute(LETTERS, {"after": after}).all()
    old = [row for row in rows if row.accepted < before]
    finished = [row.seq for row in old if not row.open]
    if finished:
        connection.execute(delete(recipient).where(recipient.c.letter_seq.in_(finished)))
        connection.execute(delete(letter).where(letter.c.seq.in_(finished)))
    last: int = old[-1].seq if old else after
    return Walked(last, len(old) == MANY)
