"""What can be counted anew: mailboxes, accounts, uses, letters, sets of flags, the index; and rows of nobody.

Each function looks again, in the writer's transaction, and changes only what is wrong still. It returns what it did.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, select, update

from services.storage.mending.replacing import ONE, renew
from services.storage.proving import remains
from services.storage.proving.accounts import add_up
from services.storage.proving.messages import count_uses
from services.storage.repositories import contents, words
from services.storage.repositories.flagsets import FlagSets
from services.storage.rules.flags import FIRST_INTERNED, bits_of
from services.storage.tables.schema import account, content, expunge, flagset, letter, mailbox, message, recipient
from services.storage.unit_of_work import UnitOfWork
from shared.contracts.blobs import Body
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.verify import Finding, Mended
from shared.mail.lost import lost_message
from shared.mail.summary import summarise

COUNTERS = ("messages", "unseen", "deleted", "octets")
UNKNOWN = and_(message.c.flagset_id >= FIRST_INTERNED, message.c.flagset_id.not_in(select(flagset.c.id)))
HERE = and_(message.c.mailbox_id == bindparam("mailbox"), message.c.uid == bindparam("uid"))
SIZES = select(message.c.content_id, content.c.size).join_from(message, content, isouter=True).where(HERE)
WAITING = func.coalesce(func.sum(case((recipient.c.state.in_(("ready", "held")), 1), else_=0)), 0)
USED = (
    select(func.count(message.c.uid), func.coalesce(func.sum(message.c.size), 0))
    .join_from(mailbox, message, message.c.mailbox_id == mailbox.c.id)
    .where(mailbox.c.account_id == bindparam("owner"))
)


def mend_mailbox(work: UnitOfWork, found: Finding) -> Mended:
    """Counters, UIDNEXT, HIGHESTMODSEQ, history and unknown flags of one mailbox."""
    connection, number = work.connection, found.number
    row = connection.execute(select(mailbox).where(mailbox.c.id == number)).first()
    if row is None:
        return Mended()
    total = add_up(connection, [number])[number]
    values: dict[str, Any] = {
        "uidnext": max(row.uidnext, total.last + 1, total.last_expunged + 1),
        "modseq": max(row.modseq, total.modseq, total.expunge_modseq),
        **{name: getattr(total, name) for name in COUNTERS},
    }
    changes = [f"{name} is {value}" for name, value in values.items() if value != getattr(row, name)]
    if total.unknown:
        values["modseq"] += 1
        lost = update(message).where(message.c.mailbox_id == number, UNKNOWN)
        connection.execute(lost.values(flagset_id=0, modseq=values["modseq"]))
        values.update({name: getattr(add_up(connection, [number])[number], name) for name in COUNTERS})
        changes.append(f"{total.unknown} messages have lost their flags")
    if total.risen or total.first < 1:
        values |= _begin_anew(work, row, values["modseq"])
        changes.append(f"UIDVALIDITY is {values['uidvalidity']}")
    if changes:
        connection.execute(update(mailbox).where(mailbox.c.id == number).values(values))
        gone = "uidvalidity" in values  # who has it open must open it again
        if gone or values["modseq"] != row.modseq:
            step = (number, row.modseq, values["modseq"] + gone, values["uidnext"])
            work.publish(mailbox_changed, Change(*step, complete=False, deleted=gone), key=number)
    return Mended(tuple(changes), "a UID below 1 stays" if total.first < 1 else "")


def _begin_anew(work: UnitOfWork, row: Any, modseq: int) -> dict[str, int]:
    """The mailbox's UIDs mean other messages from now on: a new UIDVALIDITY, and a history that begins today."""
    owner = work.connection.execute(select(account.c.uidvalidity).where(account.c.id == row.account_id)).scalar() or 0
    fresh = max(int(work.now), owner + 1, row.uidvalidity + 1)
    work.connection.execute(update(account).where(account.c.id == row.account_id).values(uidvalidity=fresh))
    work.connection.execute(delete(expunge).where(expunge.c.mailbox_id == row.id))
    return {"uidvalidity": fresh, "expunged_before": modseq}


def mend_account(work: UnitOfWork, found: Finding) -> Mended:
    """What an account uses, and the last UIDVALIDITY that it was given."""
    connection, number = work.connection, found.number
    row = connection.execute(select(account).where(account.c.id == number)).first()
    if row is None:
        return Mended()
    used, octets = connection.execute(USED, {"owner": number}).one()
    latest = connection.execute(
        select(func.max(mailbox.c.uidvalidity)).where(mailbox.c.account_id == number)
    ).scalar()
    values = {"messages": used, "octets": int(octets), "uidvalidity": max(row.uidvalidity, latest or 0)}
    changes = tuple(f"{name} is {value}" for name, value in values.items() if value != getattr(row, name))
    if changes:
        connection.execute(update(account).where(account.c.id == number).values(values))
    return Mended(changes)


def mend_uses(work: UnitOfWork, found: Finding) -> Mended:
    """How often a content is used."""
    counted, named = count_uses(work.connection, [found.number]).get(found.number, (0, 0))
    if counted == named:
        return Mended()
    contents.adjust(work.connection, {found.number: named - counted})
    return Mended((f"it is used {named} times",))


def mend_message(flagsets: FlagSets, work: UnitOfWork, found: Finding) -> Mended:
    """The size of one message; a text where its content is gone."""
    connection, where = work.connection, {"mailbox": found.number, "uid": found.uid}
    row = connection.execute(SIZES, where).first()
    if row is None:
        return Mended()
    number, size = row
    holders = connection.execute(ONE, {**where, "of": number}).all()
    if size is not None and all(each.size == size + each.prefix for each in holders):
        return Mended()
    if size is None:
        octets = lost_message(number.to_bytes(8, "big"))
        (number,) = contents.intern(connection, work.now, [(Body(octets), summarise(octets))])
        renew(flagsets, work, holders, number, len(octets))
        return Mended(("a text that says so stands in its place",))
    renew(flagsets, work, holders, number, size)
    return Mended((f"its size is {size + holders[0].prefix}",))


def mend_letter(work: UnitOfWork, found: Finding) -> Mended:
    """How many recipients of a letter are open, and its size."""
    connection, seq = work.connection, found.number
    row = connection.execute(select(letter).where(letter.c.seq == seq)).first()
    if row is None:
        return Mended()
    waiting = connection.execute(select(WAITING).where(recipient.c.letter_seq == seq)).scalar_one()
    values: dict[str, Any] = {}
    if waiting != row.open:
        values["open"] = waiting
        contents.adjust(connection, {row.content_id: bool(waiting) - bool(row.open)})
    size = connection.execute(select(content.c.size).where(content.c.id == row.content_id)).scalar()
    if waiting and size is None:
        octets = lost_message(row.content_id.to_bytes(8, "big"), row.subject)
        (values["content_id"],) = contents.intern(connection, work.now, [(Body(octets), summarise(octets))])
        size = len(octets)
        held = update(recipient).where(recipient.c.letter_seq == seq, recipient.c.state == "ready")
        connection.execute(held.values(state="held", reason="its octets were lost on this server"))
    if waiting and size is not None and row.size != size + len(row.prefix or b""):
        values["size"] = size + len(row.prefix or b"")
    if values:
        connection.execute(update(letter).where(letter.c.seq == seq).values(values))
    changes = [f"{name} is {value}" for name, value in values.items() if name != "content_id"]
    return Mended((*changes, *(["it is held"] if "content_id" in values else [])))


def mend_flag_set(work: UnitOfWork, found: Finding) -> Mended:
    """The bits of a set of flags."""
    if not found.number:
        return Mended(left="a set that is written in another way stays as it is")
    here = flagset.c.id == found.number
    names = work.connection.execute(select(flagset.c.flags).where(here)).scalar()
    if names is None:
        return Mended()
    bits = bits_of(tuple(names.split(" ")))
    work.connection.execute(update(flagset).where(here).values(bits=bits))
    return Mended((f"its bits are {bits}; run repair once more for the counters that knew others",))


def mend_index(work: UnitOfWork, found: Finding) -> Mended:
    """Index anew from a content on."""
    words.go_back(work.connection, found.number)
    return Mended((f"contents from {found.number} on are indexed anew",))


def remove_of_nobody(work: UnitOfWork, found: Finding) -> Mended:
    """Rows that nobody misses, whose owner is gone; others stay."""
    table, owner, there = remains.OWNED[found.number]
    if table not in remains.REMOVABLE:
        return Mended(left=f"rows of {table.name} are kept for a closer look")
    gone = work.connection.execute(delete(table).where(owner != 0, owner.not_in(select(there)))).rowcount
    return Mended((f"{gone} rows removed",) if gone else ())
