"""Who works on which letter: claims, under a fencing number that grows with each.

Invariants:
1. A letter whose lease runs is claimed by nobody else. A lease that ends later than the longest one allowed was
   written under another clock and counts as lapsed.
2. ``letter.claims`` counts claims since the last verdict on any of the letter's recipients.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, literal_column, or_, select, update

from services.storage.engines.prepared import Prepared
from services.storage.tables.schema import letter, recipient

ROWS_A_LETTER = 2  # due recipients looked at for each letter wanted: most letters have one

# The partial index on due recipients serves only a query that says this literally.
IS_READY = recipient.c.state == literal_column("'ready'")

FIND = Prepared(
    select(
        letter.c.seq,
        letter.c.id,
        letter.c.trace,
        letter.c.sender,
        letter.c.accepted,
        letter.c.size,
        letter.c.message_id,
        letter.c.smtputf8,
        letter.c.envelope_id,
        letter.c.ret,
        letter.c.require_tls,
        letter.c.priority,
        letter.c.deliver_by,
        letter.c.by_mode,
        letter.c.content_id,
        letter.c.prefix,
        letter.c.fence,
        letter.c.claims,
        letter.c.junk,
    )
    .join_from(recipient, letter, recipient.c.letter_seq == letter.c.seq)
    .where(
        IS_READY,
        recipient.c.far == bindparam("far"),
        recipient.c.next_attempt <= bindparam("now"),
        or_(letter.c.lease_until <= bindparam("now"), letter.c.lease_until > bindparam("latest")),
    )
    .order_by(recipient.c.next_attempt, recipient.c.letter_seq)
    .limit(bindparam("rows"))
    .with_for_update(of=letter, skip_locked=True),  # where processes claim side by side, each passes over the others'
    "now",
    "latest",
    "rows",
    "far",
)
DUE = Prepared(
    select(
        recipient.c.letter_seq,
        recipient.c.number,
        recipient.c.address,
        recipient.c.attempts,
        recipient.c.notify,
        recipient.c.original,
        recipient.c.warned,
        recipient.c.sender,
    ).where(
        recipient.c.letter_seq.in_(bindparam("seqs", expanding=True)),
        recipient.c.state == "ready",
        recipient.c.far == bindparam("far"),
        recipient.c.next_attempt <= bindparam("now"),
    ),
    "seqs",
    "now",
    "far",
)
LEASE = Prepared(
    update(letter)
    .where(letter.c.seq.in_(bindparam("seqs", expanding=True)))
    .values(
        fence=letter.c.fence + 1,
        claims=letter.c.claims + 1,
        claimed_by=bindparam("worker"),
        claimed=bindparam("now"),
        lease_until=bindparam("until"),
    ),
    "seqs",
    "worker",
    "now",
    "until",
)
NEXT = Prepared(
    select(func.min(recipient.c.next_attempt)).where(
        IS_READY, recipient.c.far == bindparam("far"), recipient.c.next_attempt > bindparam("now")
    ),
    "now",
    "far",
)
HOLD = (
    update(recipient)
    .where(recipient.c.letter_seq.in_(bindparam("seqs", expanding=True)), recipient.c.state == "ready")
    .values(state="held", code="4.3.0", reason=bindparam("why"))
)
FENCES = Prepared(
    select(letter.c.id, letter.c.seq, letter.c.fence)
    .where(letter.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(),
    "ids",
)
CLAIMED = select(letter.c.id, letter.c.fence, letter.c.content_id, letter.c.prefix).where(
    letter.c.id.in_(bindparam("ids", expanding=True))
)
EXTEND = update(letter).where(letter.c.seq == bindparam("of")).values(lease_until=bindparam("until"))


class Claimable(NamedTuple):
    """A letter with something due, in the order of `FIND`."""

    seq: int
    id: str
    trace: str
    sender: str
    accepted: float
    size: int
    message_id: str
    smtputf8: bool
    envelope_id: str
    ret: str
    require_tls: bool
    priority: int
    deliver_by: float
    by_mode: str
    content_id: int
    prefix: bytes | None
    fence: int
    claims: int
    junk: bool


class DueRecipient(NamedTuple):
    """A recipient who is due, in the order of `DUE`."""

    letter_seq: int
    number: int
    address: str
    attempts: int
    notify: str
    original: str
    warned: bool
    sender: str


class Found(NamedTuple):
    """Letters with something due, and whether there was more than was wanted."""

    letters: list[Claimable]
    more: bool


def find(connection: Connection, now: float, longest_lease: float, wanted: int, *, far: bool) -> Found:
    """Letters that are due in a lane and not leased, those that wait longest first."""
    rows = wanted * ROWS_A_LETTER
    found = FIND.rows(connection, now, now + longest_lease, rows, far)
    letters = list({row[0]: row for row in found}.values())
    more = len(letters) > wanted or len(found) == rows
    return Found([Claimable._make(row) for row in letters[:wanted]], more)


def due(connection: Connection, now: float, seqs: Collection[int], *, far: bool) -> dict[int, list[DueRecipient]]:
    """The recipients of letters that are due in a lane, by letter."""
    recipients: dict[int, list[DueRecipient]] = {seq: [] for seq in seqs}
    for row in DUE.rows(connection, list(seqs), now, far):
        recipients[row[0]].append(DueRecipient._make(row))
    return recipients


def lease(connection: Connection, now: float, seqs: Collection[int], worker: str, seconds: float) -> None:
    """Claim letters: from now on, only writes under their new fence are taken."""
    LEASE.run(connection, list(seqs), worker, now, now + seconds)


def next_due(connection: Connection, now: float, *, far: bool) -> float | None:
    """When the next recipient of a lane that is not due yet will be."""
    ((moment,),) = NEXT.rows(connection, now, far)
    return None if moment is None else float(moment)


def hold(connection: Connection, seqs: Collection[int], why: str) -> None:
    """Take all that waits in letters out of the running."""
    connection.execute(HOLD, {"seqs": list(seqs), "why": why})


def fences(connection: Connection, ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """(seq, fence) of letters by id, which stay so until the transaction ends."""
    return {id: (seq, fence) for id, seq, fence in FENCES.rows(connection, sorted(ids))}


def claimed_contents(connection: Connection, ids: Collection[str]) -> dict[str, tuple[int, int, bytes]]:
    """(fence, content, what stands in front of it) of letters by id."""
    rows = connection.execute(CLAIMED, {"ids": list(ids)})
    return {row.id: (row.fence, row.content_id, row.prefix or b"") for row in rows}


def extend(connection: Connection, until: Sequence[tuple[int, float]]) -> None:
    """Set the ends of leases, by (seq, end)."""
    if until:
        connection.execute(EXTEND, [{"of": seq, "until": end} for seq, end in until])
