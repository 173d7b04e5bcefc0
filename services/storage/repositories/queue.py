"""The spool as an operator sees it: letters with their recipients, found by what he knows of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, literal_column, select, update

from services.storage.repositories.leases import IS_READY
from services.storage.tables.schema import content, letter, recipient
from shared.contracts.spool import Act, QueueFilter, QueueLetter, QueueRecipient

NULL = "<>"  # how a filter names the null sender
MOST = 1_000  # letters in one answer: they must fit a frame

LETTERS = select(
    letter.c.seq,
    letter.c.id,
    letter.c.trace,
    letter.c.sender,
    letter.c.size,
    letter.c.accepted,
    letter.c.message_id,
    letter.c.subject,
    letter.c.client,
    letter.c.helo,
    letter.c.protocol,
    letter.c.claimed,
    letter.c.claimed_by,
).where(letter.c.seq.in_(bindparam("seqs", expanding=True)))
RECIPIENTS = (
    select(recipient)
    .where(recipient.c.letter_seq.in_(bindparam("seqs", expanding=True)))
    .order_by(recipient.c.letter_seq, recipient.c.number)
)
CENSUS = select(func.count(), func.min(recipient.c.next_attempt)).where(IS_READY)
IS_STOPPED = recipient.c.state.in_((literal_column("'held'"), literal_column("'failed'")))
STOPPED = select(recipient.c.state, func.count()).where(IS_STOPPED).group_by(recipient.c.state)


# What an act takes its recipients from.
FROM: Mapping[Act, Set[str]] = {
    Act.HOLD: frozenset({"ready"}),
    Act.RELEASE: frozenset({"held"}),
    Act.RETRY: frozenset({"ready", "held", "failed"}),
    Act.DROP: frozenset({"ready", "held", "failed"}),
}
# What voids running claims by a new fence. The others only add to what is due: whoever is at work on a letter
# finishes it, so that nothing is sent twice.
VOIDING = frozenset({Act.HOLD, Act.DROP})
# The states that a filter means where it names none, or not one of them.
STATES: Mapping[str, Set[str]] = {
    "": frozenset({"ready", "held", "failed"}),
    "waiting": frozenset({"ready", "held"}),
    "deferred": frozenset({"ready"}),
}


def census(connection: Connection) -> tuple[dict[str, int], float]:
    """Recipients that are not done, by state; and since when the oldest ready one is due (0: none is)."""
    ready, oldest = connection.execute(CENSUS).one()
    return {"ready": ready, **dict(connection.execute(STOPPED).all())}, oldest or 0.0


def matching(connection: Connection, wanted: QueueFilter, act: Act) -> Iterator[list[int]]:
    """All letters with a recipient that fits ``wanted`` and can be acted on so, in runs; whoever changes their states
    meets each only once."""
    after = 0
    while seqs := _letters(connection, _meant(wanted) & FROM[act], wanted, MOST, after):
        after = seqs[-1]
        yield seqs


def waiting(connection: Connection, wanted: QueueFilter) -> list[int]:
    """Letters with a recipient that is not done and fits ``wanted``, oldest first."""
    return _letters(connection, _meant(wanted), wanted, max(1, min(wanted.limit, MOST)), 0)


def _meant(wanted: QueueFilter) -> Set[str]:
    """The states that a filter means."""
    return STATES.get(wanted.state, frozenset({wanted.state}))


def _letters(connection: Connection, states: Set[str], wanted: QueueFilter, limit: int, after: int) -> list[int]:
    found: set[int] = set()
    if "ready" in states:
        found.update(connection.execute(_letters_with(IS_READY, wanted, limit, after)).scalars())
    if stopped := states - {"ready"}:
        which = and_(IS_STOPPED, recipient.c.state.in_(sorted(stopped)))
        found.update(connection.execute(_letters_with(which, wanted, limit, after)).scalars())
    return sorted(found)[:limit]


def _letters_with(state: ColumnElement[bool], wanted: QueueFilter, limit: int, after: int) -> Select[Any]:
    """One question for each partial index: together in one, neither would serve."""
    seq = recipient.c.letter_seq
    query = select(seq).distinct().join(letter, letter.c.seq == seq).where(state, seq > after)
    if wanted.letter:
        query = query.where(letter.c.id == wanted.letter)
    if wanted.sender:
        query = query.where(func.lower(letter.c.sender) == ("" if wanted.sender == NULL else wanted.sender.lower()))
    query = query.where(*_fitting(wanted))
    if wanted.before:
        query = query.where(letter.c.accepted < wanted.before)
    return query.order_by(seq).limit(limit)


def _fitting(wanted: QueueFilter) -> Iterator[ColumnElement[bool]]:
    """What ``wanted`` says of a recipient beside its state in the table."""
    if wanted.state == "deferred":
        yield recipient.c.attempts > 0
    address = func.lower(recipient.c.address)
    if wanted.recipient:
        yield address == wanted.recipient.lower()
    if wanted.domain:
        yield address.endswith("@" + wanted.domain.lower(), autoescape=True)


def trace(connection: Connection, term: str, limit: int) -> list[int]:
    """Letters by id, trace id, Message-ID, recipient or sender, newest first; a sender only if nothing else fits."""
    seq, by_recipient = letter.c.seq, recipient.c.letter_seq
    bare = term.strip("<>")
    searches: tuple[Select[Any], ...] = (
        select(seq).where(letter.c.id == term),
        select(seq).where(letter.c.trace == term),
        select(seq).where(letter.c.message_id.in_((term, bare, f"<{bare}>"))),
        select(by_recipient)
        .distinct()
        .where(recipient.c.address.in_((bare, bare.lower())))
        .order_by(by_recipient.desc()),
        select(seq).where(letter.c.sender.in_((bare, bare.lower()))).order_by(seq.desc()),
    )
    limit = max(1, min(limit, MOST))
    for search in searches:
        found: list[int] = list(connection.execute(search.limit(limit)).scalars())
        if found:
            return sorted(found, reverse=True)
    return []


def letters(connection: Connection, seqs: Sequence[int]) -> tuple[QueueLetter, ...]:
    """Everything about letters, in the order asked."""
    recipients: dict[int, list[QueueRecipient]] = {seq: [] for seq in seqs}
    rows = {row.seq: row for row in connection.execute(LETTERS, {"seqs": list(seqs)})}
    for each in connection.execute(RECIPIENTS, {"seqs": list(seqs)}):
        of = rows[each.letter_seq]
        recipients[each.letter_seq].append(
            QueueRecipient(
                each.number,
                each.address,
                each.state,
                each.attempts,
                each.next_attempt,
                each.code,
                each.reason,
                each.settled,
                of.claimed,
                of.claimed_by,
                each.filed,
            )
        )
    return tuple(
        QueueLetter(
            row.id,
            row.trace,
            row.sender,
            row.size,
            row.accepted,
            row.message_id,
            row.subject,
            row.client,
            row.helo,
            row.protocol,
            tuple(recipients[row.seq]),
        )
        for row in (rows[seq] for seq in seqs)
    )


def act(connection: Connection, now: float, act: Act, seqs: Collection[int], wanted: QueueFilter) -> dict[int, int]:
    """Do ``act`` to those recipients of letters that ``wanted`` means, and to no others.

    Returns what it adds to the use count of the letters' contents: ``{content_id: delta}``.
    """
    values: dict[str, object] = {"state": "ready", "next_attempt": now, "settled": 0.0}
    if act is Act.HOLD:
        values = {"state": "held", "reason": "held by the operator"}
    elif act is Act.DROP:
        values = {"state": "done", "code": "5.0.0", "reason": "dropped by the operator", "settled": now}
    before = _uses(connection, seqs)
    connection.execute(
        update(recipient)
        .where(
            recipient.c.letter_seq.in_(list(seqs)),
            recipient.c.state.in_(sorted(_meant(wanted) & FROM[act])),
            *_fitting(wanted),
        )
        .values(values)
    )
    waits = (
        select(func.count())
        .where(recipient.c.letter_seq == letter.c.seq, recipient.c.state.in_(("ready", "held")))
        .scalar_subquery()
    )
    change = update(letter).where(letter.c.seq.in_(list(seqs))).values(open=waits, claims=0)
    connection.execute(change.values(fence=letter.c.fence + 1, lease_until=0) if act in VOIDING else change)
    after = _uses(connection, seqs)
    return {id: after.get(id, 0) - before.get(id, 0) for id in before.keys() | after.keys()}


def with_bodies(connection: Connection, seqs: Collection[int]) -> list[int]:
    """Those of ``seqs`` whose body has not been collected: the others cannot be tried again."""
    query = select(letter.c.seq).join(content, content.c.id == letter.c.content_id)
    return list(connection.execute(query.where(letter.c.seq.in_(list(seqs)))).scalars())


def _uses(connection: Connection, seqs: Collection[int]) -> dict[int, int]:
    """How often open letters in ``seqs`` use each content."""
    query = select(letter.c.content_id, func.count()).where(letter.c.seq.in_(list(seqs)), letter.c.open > 0)
    return dict(connection.execute(query.group_by(letter.c.content_id)).all())
