"""How much each account has handed in: counted by the hour, judged by the hour and by the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from services.storage.tables.submission import submission

HOUR, DAY = 3600, 24  # seconds; hours
SENT = (
    select(
        submission.c.account_id,
        func.sum(case((submission.c.hour == bindparam("now"), submission.c.letters), else_=0)),
        func.sum(submission.c.recipients),
        func.max(submission.c.hour),
    )
    .where(
        submission.c.account_id.in_(bindparam("accounts", expanding=True)),
        submission.c.hour > bindparam("since"),
    )
    .group_by(submission.c.account_id)
)
COUNT = (
    update(submission)
    .where(submission.c.account_id == bindparam("of"), submission.c.hour == bindparam("at"))
    .values(
        letters=submission.c.letters + bindparam("more_letters"),
        recipients=submission.c.recipients + bindparam("more_recipients"),
    )
)


class Sent(NamedTuple):
    """What an account has handed in: letters in this hour, recipients in the last 24."""

    letters: int = 0
    recipients: int = 0
    hour: int = 0  # the last one with any


def sent(connection: Connection, now: float, accounts: set[int]) -> dict[int, Sent]:
    """By account; those without any are left out."""
    hour = int(now) // HOUR
    values = {"accounts": list(accounts), "now": hour, "since": hour - DAY}
    return {number: Sent(*counts) for number, *counts in connection.execute(SENT, values)}


def count(connection: Connection, now: float, before: Mapping[int, Sent], more: Mapping[int, Sent]) -> None:
    """Add what ``more`` says; ``before`` is what `sent` said in this transaction."""
    hour = int(now) // HOUR
    known = {number for number, counts in before.items() if counts.hour == hour}
    fresh = [number for number in more if number not in known]
    if fresh:
        rows = [
            {"account_id": n, "hour": hour, "letters": more[n].letters, "recipients": more[n].recipients}
            for n in fresh
        ]
        connection.execute(insert(submission), rows)
    changes = [
        {"of": n, "at": hour, "more_letters": more[n].letters, "more_recipients": more[n].recipients}
        for n in more
        if n in known
    ]
    if changes:
        connection.execute(COUNT, changes)


def forget(connection: Connection, now: float) -> None:
    """Drop what counts no more."""
    connection.execute(delete(submission).where(submission.c.hour < int(now) // HOUR - DAY))
