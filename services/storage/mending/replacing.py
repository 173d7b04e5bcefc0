"""Octets in the place of others: a message keeps its UID, its flags and its date.

A client that has the message keeps what it has; others read what stands there now. The size changes, so the message
gets a new modseq.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, select, update

from services.storage.handlers.notices import tell
from services.storage.repositories import contents
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger
from services.storage.tables.schema import letter, message, recipient
from services.storage.tables.sieve import imap_event
from services.storage.unit_of_work import UnitOfWork
from shared.contracts.blobs import Body
from shared.mail.summary import summarise

HOLDERS = select(
    message.c.mailbox_id,
    message.c.uid,
    message.c.flagset_id,
    message.c.size,
    message.c.date,
    func.length(message.c.prefix).label("prefix"),
).where(message.c.content_id == bindparam("of"))
ONE = HOLDERS.where(message.c.mailbox_id == bindparam("mailbox"), message.c.uid == bindparam("uid"))
RENEW = (
    update(message)
    .where(message.c.mailbox_id == bindparam("mailbox"), message.c.uid == bindparam("which"))
    .values(content_id=bindparam("now"), size=bindparam("octets"), modseq=bindparam("at"))
)
HOLD = (
    update(recipient)
    .where(recipient.c.letter_seq == bindparam("of"), recipient.c.state == "ready")
    .values(state="held", reason="its octets were lost on this server")
)


def replace_everywhere(flagsets: FlagSets, work: UnitOfWork, old: int, octets: bytes) -> list[str]:
    """Let ``octets`` stand where content ``old`` did; what was done. Letters that wait are held."""
    connection = work.connection
    rows = connection.execute(HOLDERS, {"of": old}).all()
    seqs = (
        connection.execute(select(letter.c.seq).where(letter.c.content_id == old, letter.c.open > 0)).scalars().all()
    )
    events = connection.execute(select(imap_event.c.id).where(imap_event.c.content_id == old)).scalars().all()
    named = len(rows) + len(seqs) + len(events)
    if not named:
        return []
    (new,) = contents.intern(connection, work.now, [(Body(octets), summarise(octets))])
    contents.adjust(connection, {new: named - 1, old: -named})
    renew(flagsets, work, rows, new, len(octets))
    connection.execute(update(imap_event).where(imap_event.c.content_id == old).values(content_id=new))
    for seq in seqs:
        size = len(octets) + func.length(func.coalesce(letter.c.prefix, b""))
        connection.execute(update(letter).where(letter.c.seq == seq).values(content_id=new, size=size))
        connection.execute(HOLD, {"of": seq})
    changes = [f"{len(rows)} messages were given other octets"] if rows else []
    return changes + ([f"{len(seqs)} letters are held"] if seqs else [])


def renew(flagsets: FlagSets, work: UnitOfWork, rows: Sequence[Any], new: int, octets: int) -> None:
    """Let messages, as `HOLDERS` has them, have content ``new`` of so many octets; tell all who have them open."""
    ledger = Ledger(work.connection)
    ledger.load([row.mailbox_id for row in rows])
    previous = {number: state.modseq for number, state in ledger.mailboxes.items()}
    changed: dict[int, list[tuple[int, int, int, int, int]]] = {}
    values = []
    for row in rows:
        state = ledger.mailboxes.get(row.mailbox_id)
        if state is None:
            continue
        if row.mailbox_id not in changed:
            state.advance()
        size = octets + row.prefix
        state.octets += size - row.size
        state.account.gained_octets += size - row.size
        where = {"mailbox": row.mailbox_id, "which": row.uid}
        values.append({**where, "now": new, "octets": size, "at": state.modseq})
        seen = (row.uid, state.modseq, row.flagset_id, size, row.date)
        changed.setdefault(row.mailbox_id, []).append(seen)
    if values:
        work.connection.execute(RENEW, values)
    ledger.save()
    for number, seen_rows in changed.items():
        tell(work, flagsets, ledger.mailboxes[number].step(previous[number]), rows=sorted(seen_rows))
