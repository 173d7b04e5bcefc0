"""Every message, event and letter has its content; how often each content is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, literal, select, tuple_

from services.storage.rules.packed import pack_u64
from services.storage.tables.schema import account, body, content, letter, mailbox, message, recipient
from services.storage.tables.sieve import imap_event
from shared.contracts.verify import Finding, Proof, Proved, Report

MANY = 20_000  # messages of one step
LETTERS = 500
HOLDERS = 1_000

PAGE = (
    select(
        message.c.mailbox_id,
        message.c.uid,
        message.c.content_id,
        message.c.size - func.length(message.c.prefix) - content.c.size,
    )
    .join_from(message, content, isouter=True)
    .where(tuple_(message.c.mailbox_id, message.c.uid) > tuple_(bindparam("mailbox"), bindparam("uid")))
    .order_by(message.c.mailbox_id, message.c.uid)
    .limit(MANY)
)
PLACES = (
    select(mailbox.c.id, account.c.address, mailbox.c.name)
    .join_from(mailbox, account)
    .where(mailbox.c.id.in_(bindparam("ids", expanding=True)))
)
EVENTS = select(imap_event.c.id, imap_event.c.content_id).where(imap_event.c.id > bindparam("after"))
WAITING = func.sum(case((recipient.c.state.in_(("ready", "held")), 1), else_=0))
SPOOLED = (
    select(
        letter.c.seq,
        letter.c.id,
        letter.c.open,
        letter.c.content_id,
        letter.c.size - func.length(func.coalesce(letter.c.prefix, b"")) - content.c.size,
        body.c.content_id.label("body"),
        func.coalesce(WAITING, 0).label("waiting"),
        func.count(recipient.c.number).label("recipients"),
    )
    .join_from(letter, content, content.c.id == letter.c.content_id, isouter=True)
    .join(body, body.c.content_id == content.c.id, isouter=True)
    .join(recipient, recipient.c.letter_seq == letter.c.seq, isouter=True)
    .where(letter.c.seq > bindparam("after"))
    .group_by(letter.c.seq, content.c.id, body.c.content_id)
    .order_by(letter.c.seq)
    .limit(LETTERS)
)
COUNTED = (
    select(content.c.id, content.c.uses, func.count(message.c.uid))
    .join_from(content, message, message.c.content_id == content.c.id, isouter=True)
    .where(content.c.id.in_(bindparam("ids", expanding=True)))
    .group_by(content.c.id)
)
HELD = (
    select(message.c.content_id, message.c.mailbox_id, message.c.uid)
    .where(message.c.content_id.in_(bindparam("ids", expanding=True)))
    .limit(HOLDERS)
)


def places(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Address and name of mailboxes."""
    rows = connection.execute(PLACES, {"ids": list(set(ids))}) if ids else ()
    return {number: (address, name) for number, address, name in rows}


def messages(connection: Connection, after: Sequence[int]) -> Report:
    """Some messages: each has a content, and the size of what it consists of."""
    where, uid = after or (0, 0)
    rows = connection.execute(PAGE, {"mailbox": where, "uid": uid}).all()
    wrong = [row for row in rows if row[3] != 0]
    named = places(connection, [row[0] for row in wrong])
    findings = [
        Finding(
            Proof.MESSAGES,
            "its content is gone" if difference is None else f"its size is wrong by {difference} octets",
            mailbox_id,
            *named.get(mailbox_id, ("", "")),
            uid,
        )
        for mailbox_id, uid, _, difference in wrong
    ]
    following = tuple(rows[-1][:2]) if len(rows) == MANY else ()
    return Report(
        (Proved(Proof.MESSAGES, len(rows)),), tuple(findings), following, pack_u64([row[2] for row in rows])
    )


def events(connection: Connection, after: Sequence[int]) -> Report:
    """The contents that waiting events name."""
    rows = connection.execute(EVENTS.limit(MANY).order_by(imap_event.c.id), {"after": after[0] if after else 0}).all()
    following = (rows[-1].id,) if len(rows) == MANY else ()
    return Report(next=following, contents=pack_u64([row.content_id for row in rows]))


def letters(connection: Connection, after: Sequence[int]) -> Report:
    """Some letters: as many recipients are open as it says, and an open one has its body."""
    rows = connection.execute(SPOOLED, {"after": after[0] if after else 0}).all()
    findings = []
    for seq, name, opened, _, difference, stored, waiting, recipients in rows:
        problems = []
        if opened != waiting:
            problems.append(f"{opened} recipients are open as counted, {waiting} as written")
        if not recipients:
            problems.append("it has no recipients")
        if opened and stored is None:
            problems.append("its body is gone")
        elif opened and difference:
            problems.append(f"its size is wrong by {difference} octets")
        findings += [Finding(Proof.SPOOL, f"letter {name}: {problem}", seq) for problem in problems]
    following = (rows[-1].seq,) if len(rows) == LETTERS else ()
    named = pack_u64([row.content_id for row in rows if row.open > 0])
    return Report((Proved(Proof.SPOOL, len(rows)),), tuple(findings), following, named)


def uses(connection: Connection, ids: Sequence[int]) -> Report:
    """Contents that seem to be counted wrongly, counted in one go."""
    findings = [
        Finding(Proof.USES, f"content {number} is used {found} times, counted {counted}", number)
        for number, (counted, found) in count_uses(connection, ids).items()
        if counted != found
    ]
    return Report(findings=tuple(findings))


def count_uses(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How often contents are used, as counted and as found."""
    given = {"ids": list(ids)}
    found = {number: [counted, named] for number, counted, named in connection.execute(COUNTED, given)}
    for table, where in ((letter, letter.c.open > 0), (imap_event, literal(True))):
        query = select(table.c.content_id, func.count()).where(table.c.content_id.in_(list(ids)), where)
        for number, count in connection.execute(query.group_by(table.c.content_id)):
            if number in found:
                found[number][1] += count
    return {number: (counted, named) for number, (counted, named) in found.items()}


def holders(connection: Connection, ids: Sequence[int]) -> Report:
    """Who has the messages that damaged contents are the octets of."""
    rows: Sequence[Any] = connection.execute(HELD, {"ids": list(ids)}).all()
    named = places(connection, [row.mailbox_id for row in rows])
    found = [Finding(Proof.BODIES, "", row.content_id, *named.get(row.mailbox_id, ("", "")), row.uid) for row in rows]
    return Report(findings=tuple(found))
