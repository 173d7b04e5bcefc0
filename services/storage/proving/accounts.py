"""What mailboxes and accounts say of themselves is what their rows add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, select

from services.storage.rules.flags import DELETED, FIRST_INTERNED, SEEN
from services.storage.tables.schema import account, expunge, flagset, mailbox, message
from shared.contracts.verify import Finding, Proof, Proved, Report

MANY = 50  # accounts of one step
MESSAGES = 100_000  # after which a step takes no further account

ACCOUNTS = (
    select(account.c.id, account.c.address, account.c.messages, account.c.octets, account.c.uidvalidity)
    .where(account.c.id > bindparam("after"))
    .order_by(account.c.id)
    .limit(MANY)
)
MAILBOXES = select(mailbox).where(mailbox.c.account_id.in_(bindparam("accounts", expanding=True)))
ADDED = (
    select(
        message.c.mailbox_id,
        message.c.flagset_id,
        func.count(),
        func.sum(message.c.size),
        func.min(message.c.uid),
        func.max(message.c.uid),
        func.max(message.c.modseq),
    )
    .where(message.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)))
    .group_by(message.c.mailbox_id, message.c.flagset_id)
)
BITS = select(flagset.c.id, flagset.c.bits).where(flagset.c.id.in_(bindparam("ids", expanding=True)))
EXPUNGED = (
    select(expunge.c.mailbox_id, func.count(), func.max(expunge.c.uid), func.max(expunge.c.modseq))
    .where(expunge.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)))
    .group_by(expunge.c.mailbox_id)
)
RISEN = (
    select(expunge.c.mailbox_id, func.min(expunge.c.uid), func.count())
    .join_from(expunge, message, and_(message.c.mailbox_id == expunge.c.mailbox_id, message.c.uid == expunge.c.uid))
    .where(expunge.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)))
    .group_by(expunge.c.mailbox_id)
)


class Sum(NamedTuple):
    """What the rows of one mailbox add up to."""

    messages: int = 0
    octets: int = 0
    unseen: int = 0
    deleted: int = 0
    first: int = 1  # the lowest UID, 1 where there is none
    last: int = 0
    modseq: int = 0
    unknown: int = 0  # messages whose set of flags nobody knows
    expunged: int = 0
    last_expunged: int = 0
    expunge_modseq: int = 0
    risen: int = 0  # UIDs that are expunged and there
    risen_first: int = 0


def add_up(connection: Connection, mailboxes: Sequence[int]) -> dict[int, Sum]:
    """The sums of mailboxes."""
    given = {"mailboxes": list(mailboxes)}
    rows = connection.execute(ADDED, given).all()
    wanted = {row.flagset_id for row in rows if row.flagset_id >= FIRST_INTERNED}
    bits = dict(connection.execute(BITS, {"ids": list(wanted)}).all()) if wanted else {}
    sums = dict.fromkeys(mailboxes, Sum())
    for number, flags, count, octets, first, last, modseq in rows:
        known = flags if 0 <= flags < FIRST_INTERNED else bits.get(flags)
        old = sums[number]
        sums[number] = old._replace(
            messages=old.messages + count,
            octets=old.octets + int(octets),
            unseen=old.unseen + (0 if (known or 0) & SEEN else count),
            deleted=old.deleted + (count if (known or 0) & DELETED else 0),
            first=min(old.first, first),
            last=max(old.last, last),
            modseq=max(old.modseq, modseq),
            unknown=old.unknown + (count if known is None else 0),
        )
    for number, count, last, modseq in connection.execute(EXPUNGED, given):
        sums[number] = sums[number]._replace(expunged=count, last_expunged=last, expunge_modseq=modseq)
    for number, first, count in connection.execute(RISEN, given):
        sums[number] = sums[number]._replace(risen=count, risen_first=first)
    return sums


def accounts(connection: Connection, after: Sequence[int]) -> Report:
    """Some accounts with all their mailboxes."""
    rows = connection.execute(ACCOUNTS, {"after": after[0] if after else 0}).all()
    chosen: list[Any] = []
    total = 0
    for row in rows:
        chosen.append(row)
        total += max(0, row.messages)
        if total > MESSAGES:
            break
    owned: dict[int, list[Any]] = {row.id: [] for row in chosen}
    for each in connection.execute(MAILBOXES, {"accounts": list(owned)}):
        owned[each.account_id].append(each)
    sums = add_up(connection, [each.id for group in owned.values() for each in group])
    findings: list[Finding] = []
    for row in chosen:
        findings += _account(row, owned[row.id], sums)
        for each in owned[row.id]:
            findings += [found._replace(account=row.address) for found in _mailbox(each, sums[each.id])]
    following = (chosen[-1].id,) if chosen and (len(chosen) < len(rows) or len(rows) == MANY) else ()
    proved = [Proved(proof, len(sums)) for proof in (Proof.UIDS, Proof.MODSEQS, Proof.COUNTERS)]
    proved += [
        Proved(Proof.HISTORY, sum(each.expunged for each in sums.values())),
        Proved(Proof.QUOTAS, len(chosen)),
    ]
    return Report(tuple(proved), tuple(findings), following)


def _account(row: Any, mailboxes: Sequence[Any], sums: Mapping[int, Sum]) -> Iterator[Finding]:
    for name in ("messages", "octets"):
        found = sum(getattr(sums[each.id], name) for each in mailboxes)
        counted = getattr(row, name)
        if found != counted:
            yield Finding(Proof.QUOTAS, f"{found} {name} are used, counted {counted}", row.id, row.address)
    latest = max((each.uidvalidity for each in mailboxes), default=0)
    if latest > row.uidvalidity:
        problem = f"a mailbox has UIDVALIDITY {latest}, the last one given is noted as {row.uidvalidity}"
        yield Finding(Proof.QUOTAS, problem, row.id, row.address)


def _mailbox(row: Any, found: Sum) -> Iterator[Finding]:
    def wrong(proof: Proof, problem: str, uid: int = 0) -> Finding:
        return Finding(proof, problem, row.id, "", row.name, uid)

    last = max(found.last, found.last_expunged)
    if last >= row.uidnext:
        yield wrong(Proof.UIDS, f"UIDNEXT is {row.uidnext}, UID {last} was given", last)
    if found.first < 1:
        yield wrong(Proof.UIDS, f"there is a UID {found.first}", found.first)
    highest = max(found.modseq, found.expunge_modseq)
    if highest > row.modseq:
        yield wrong(Proof.MODSEQS, f"HIGHESTMODSEQ is {row.modseq}, {highest} was given")
    for name in ("messages", "unseen", "deleted", "octets"):
        if getattr(found, name) != getattr(row, name):
            yield wrong(Proof.COUNTERS, f"{name}: {getattr(found, name)} found, {getattr(row, name)} counted")
    if found.risen:
        problem = f"{found.risen} UIDs are noted as expunged and are there"
        yield wrong(Proof.HISTORY, problem, found.risen_first)
    if found.unknown:
        yield wrong(Proof.FLAGS, f"{found.unknown} messages have flags that nobody knows")
