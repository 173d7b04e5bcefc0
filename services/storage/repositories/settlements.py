"""Verdicts on recipients that were not filed here.

Invariant: a recipient that is not ``ready`` takes no verdict; ``letter.open`` is what is ``ready`` or ``held``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, or_, select, update

from services.storage.engines.prepared import Prepared
from services.storage.tables.schema import letter, recipient
from shared.contracts.spool import Outcome, Status

STATES = {Status.DONE: "done", Status.DEFERRED: "ready", Status.HELD: "held", Status.FAILED: "failed"}

WAITING = Prepared(
    select(recipient.c.letter_seq, recipient.c.number).where(
        recipient.c.letter_seq.in_(bindparam("seqs", expanding=True)), recipient.c.state == "ready"
    ),
    "seqs",
)
SETTLE = Prepared(
    update(recipient)
    .where(recipient.c.letter_seq == bindparam("of"), recipient.c.number == bindparam("which"))
    .values(
        state=bindparam("verdict"),
        attempts=recipient.c.attempts + 1,
        next_attempt=bindparam("at"),
        code=bindparam("because"),
        reason=bindparam("why"),
        settled=bindparam("moment"),
        far=bindparam("lane"),
        warned=or_(recipient.c.warned, bindparam("told")),
    ),
    "of",
    "which",
    "verdict",
    "at",
    "because",
    "why",
    "moment",
    "lane",
    "told",
)
PARK = (
    update(recipient)
    .where(recipient.c.letter_seq == bindparam("of"), recipient.c.number == bindparam("which"))
    .values(far=True)
)
CLOSE = Prepared(
    update(letter).where(letter.c.seq == bindparam("of")).values(open=letter.c.open - bindparam("closed"), claims=0),
    "of",
    "closed",
)
LET_GO = Prepared(
    update(letter).where(letter.c.seq.in_(bindparam("seqs", expanding=True))).values(lease_until=0), "seqs"
)
FINISHED = Prepared(
    select(letter.c.content_id).where(letter.c.seq.in_(bindparam("seqs", expanding=True)), letter.c.open == 0),
    "seqs",
)


class Verdict(NamedTuple):
    """What became of one recipient of letter ``seq``; ``far`` is its lane when it stays ready."""

    seq: int
    outcome: Outcome
    far: bool


class Parked(NamedTuple):
    """A recipient that was not tried and goes to the far lane."""

    seq: int
    number: int


def waiting(connection: Connection, seqs: Sequence[int]) -> set[tuple[int, int]]:
    """(letter, number) of the recipients that still take a verdict."""
    return {(seq, number) for seq, number in WAITING.rows(connection, list(seqs))}


def settle(connection: Connection, now: float, verdicts: Sequence[Verdict]) -> None:
    """Write verdicts down."""
    rows = [
        (
            seq,
            outcome.number,
            STATES[outcome.status],
            outcome.next_attempt,
            outcome.code,
            outcome.reason,
            0.0 if outcome.status is Status.DEFERRED else now,
            far,
            outcome.warned,
        )
        for seq, outcome, far in verdicts
    ]
    SETTLE.run_many(connection, rows)


def park(connection: Connection, parked: Sequence[Parked]) -> None:
    """Move recipients to the far lane, as due as they were."""
    if parked:
        connection.execute(PARK, [{"of": each.seq, "which": each.number} for each in parked])


def close(connection: Connection, closed: Mapping[int, int], released: Collection[int]) -> dict[int, int]:
    """Letters lost ``{seq: recipients}``, and the leases of ``released`` end; returns the content uses that end."""
    CLOSE.run_many(connection, list(closed.items()))
    if released:
        LET_GO.run(connection, list(released))
    return finished(connection, [seq for seq, count in closed.items() if count])


def finished(connection: Connection, seqs: Sequence[int]) -> dict[int, int]:
    """``{content_id: uses}`` of those letters in ``seqs``, just closed, that have nobody waiting any more."""
    uses: dict[int, int] = {}
    if seqs:
        for (content_id,) in FINISHED.rows(connection, list(seqs)):
            uses[content_id] = uses.get(content_id, 0) + 1
    return uses
