"""What happened when an account's scripts ran: its newest lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from services.storage.tables.sieve import sieve_log

KEPT = 200  # lines of one account
LONGEST = 1_000  # characters of one line

ADD = insert(sieve_log)
NEWEST = (
    select(sieve_log.c.id, sieve_log.c.at, sieve_log.c.letter, sieve_log.c.text)
    .where(sieve_log.c.account_id == bindparam("owner"))
    .order_by(sieve_log.c.id.desc())
    .limit(bindparam("most"))
)
OLDEST_KEPT = (
    select(sieve_log.c.id).where(sieve_log.c.account_id == bindparam("owner")).order_by(sieve_log.c.id.desc())
)
CUT = delete(sieve_log).where(sieve_log.c.account_id == bindparam("owner"), sieve_log.c.id < bindparam("first"))
REMOVE_ALL = delete(sieve_log).where(sieve_log.c.account_id == bindparam("owner"))


class Line(NamedTuple):
    account: int
    letter: str
    text: str


def add(connection: Connection, now: float, lines: Sequence[Line]) -> None:
    """Write lines, and forget those that are too many."""
    if not lines:
        return
    connection.execute(
        ADD,
        [
            {"account_id": line.account, "at": int(now), "letter": line.letter, "text": line.text[:LONGEST]}
            for line in lines
        ],
    )
    for owner in {line.account for line in lines}:
        first = connection.execute(OLDEST_KEPT.limit(1).offset(KEPT - 1), {"owner": owner}).scalar()
        if first is not None:
            connection.execute(CUT, {"owner": owner, "first": first})


def newest(connection: Connection, owner: int, most: int) -> list[tuple[int, str, str]]:
    """Time, letter and text of the newest lines, the newest first."""
    rows = connection.execute(NEWEST, {"owner": owner, "most": most})
    return [(row.at, row.letter, row.text) for row in rows]


def remove_all(connection: Connection, owner: int) -> None:
    """Remove all lines of an account."""
    connection.execute(REMOVE_ALL, {"owner": owner})
