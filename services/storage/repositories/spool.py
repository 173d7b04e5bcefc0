"""Recipients that are filed into mailboxes: settled in the transaction that files them.

Invariant: a recipient leaves ``ready`` at most once, and its letter's ``open`` counts it until then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from services.storage.engines.prepared import Prepared
from services.storage.repositories.settlements import finished
from services.storage.tables.schema import letter, recipient

PENDING = Prepared(
    select(
        letter.c.id,
        letter.c.seq,
        recipient.c.number,
        letter.c.fence,
        letter.c.content_id,
        letter.c.size,
        recipient.c.state,
        recipient.c.address,
        recipient.c.filed,
        letter.c.prefix,
    )
    .join_from(letter, recipient, recipient.c.letter_seq == letter.c.seq)
    .where(letter.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(of=letter),
    "ids",
)
FILE = Prepared(
    update(recipient)
    .where(recipient.c.letter_seq == bindparam("of"), recipient.c.number == bindparam("which"))
    .values(
        state="done",
        attempts=recipient.c.attempts + 1,
        code="2.0.0",
        reason="",
        settled=bindparam("moment"),
        filed=bindparam("where"),
    ),
    "of",
    "which",
    "moment",
    "where",
)
CLOSE = Prepared(
    update(letter).where(letter.c.seq == bindparam("of")).values(open=letter.c.open - bindparam("closed"), claims=0),
    "of",
    "closed",
)
LAST = (
    select(recipient.c.letter_seq, func.max(recipient.c.number))
    .where(recipient.c.letter_seq.in_(bindparam("seqs", expanding=True)))
    .group_by(recipient.c.letter_seq)
)
FORWARDER = (
    select(
        recipient.c.letter_seq,
        recipient.c.number,
        recipient.c.address,
        recipient.c.original,
        recipient.c.notify,
        letter.c.sender,
    )
    .join_from(recipient, letter, recipient.c.letter_seq == letter.c.seq)
    .where(recipient.c.letter_seq.in_(bindparam("seqs", expanding=True)))
)
JOIN = insert(recipient)


class Pending(NamedTuple):
    """A recipient as it stands, with what its letter says of it."""

    seq: int  # of the letter
    number: int
    fence: int  # of the letter, now
    content_id: int
    size: int
    state: str  # ready | done | held | failed
    address: str
    filed: str  # when done
    prefix: bytes | None = None  # of the letter; `size` counts it


class Filed(NamedTuple):
    """A recipient that was filed in this transaction; ``forwards`` join its letter as new recipients."""

    seq: int
    number: int
    filed: str  # "mailbox name/uid" of each copy
    forwards: tuple[str, ...] = ()


def pending(connection: Connection, recipients: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Pending]:
    """Recipients by (letter id, number), which stay so until the transaction ends; missing ones are left out."""
    wanted = set(recipients)
    rows = PENDING.rows(connection, sorted({id for id, _ in wanted}))
    return {(id, number): Pending(seq, number, *rest) for id, seq, number, *rest in rows if (id, number) in wanted}


def settle_filed(
    connection: Connection, now: float, filed: Sequence[Filed], sender: Callable[[str, str], str]
) -> dict[int, int]:
    """Settle recipients as done. They must be ``ready`` now, in this transaction.

    Returns the content uses that are given up: ``{content_id: -1}`` for each letter that is finished. The caller adds
    its own new uses and hands the sum to `contents.adjust`: for the common letter with one recipient nothing remains.
    """
    if not filed:
        return {}
    FILE.run_many(connection, [(each.seq, each.number, now, each.filed) for each in filed])
    closed: dict[int, int] = {}
    for each in filed:
        closed[each.seq] = closed.get(each.seq, 0) + 1
    _join(connection, now, [each for each in filed if each.forwards], closed, sender)
    CLOSE.run_many(connection, list(closed.items()))
    return {content_id: -count for content_id, count in finished(connection, list(closed)).items()}


def _join(
    connection: Connection,
    now: float,
    filed: Sequence[Filed],
    closed: dict[int, int],
    sender: Callable[[str, str], str],
) -> None:
    """Let forwards join their letters: due at once, open, and with what the client asked for who forwards."""
    if not filed:
        return
    last = dict(connection.execute(LAST, {"seqs": [each.seq for each in filed]}).all())
    asked = {
        (row.letter_seq, row.number): row
        for row in connection.execute(FORWARDER, {"seqs": [each.seq for each in filed]})
    }
    rows: list[dict[str, Any]] = []
    for each in filed:
        forwarder = asked[each.seq, each.number]
        for address in each.forwards:
            last[each.seq] += 1
            closed[each.seq] -= 1
            number = last[each.seq]
            rows.append(
                {
                    "letter_seq": each.seq,
                    "number": number,
                    "address": address,
                    "state": "ready",
                    "next_attempt": now,
                    "far": True,
                    "sender": sender(forwarder.sender, forwarder.address),
                    "original": forwarder.original or original(forwarder.address),
                    "notify": forwarder.notify
                    if len(each.forwards) == 1 and not each.filed
                    else expanded(forwarder.notify),
                }
            )
    connection.execute(JOIN, rows)


def original(address: str) -> str:
    """An address as ORCPT tells it (RFC 3461 section 4.2, RFC 6533 section 3)."""
    return f"{'rfc822' if address.isascii() else 'utf-8'};{address}"


def expanded(notify: str) -> str:
    """What is asked of one address among several that an alias stands for: its sender was told of the alias's own
    success (RFC 3461 section 5.2.7.3)."""
    words = notify.split()
    return " ".join([word for word in words if word != "SUCCESS"]) or ("NEVER" if words else "")
