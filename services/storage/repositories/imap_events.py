"""Events that scripts are to see (RFC 6785): written with what caused them, claimed, removed with what they lead to.

Invariants:
1. ``content.uses`` counts a waiting event as it counts a message.
2. Only the last claim of an event may settle it: each claim raises its fence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from services.storage.engines.prepared import Prepared
from services.storage.repositories import contents
from services.storage.repositories.letters import Origin
from services.storage.tables.schema import account, body, content, mailbox
from services.storage.tables.sieve import imap_event, sieve_script

_IS_ITS_SCRIPT = (sieve_script.c.account_id == mailbox.c.account_id) & (sieve_script.c.name == imap_event.c.script)
_WAITS = imap_event.c.lease_until <= bindparam("now")


class Event(NamedTuple):
    """A new row, in the order of the table: a message as it is now, and who did what to it."""

    mailbox_id: int
    uid: int
    content_id: int
    flagset_id: int
    size: int
    date: int
    prefix: bytes
    account_id: int
    cause: str
    changed: str
    script: str
    trace: str


_causer = account.alias("causer")
ADD = Prepared(insert(imap_event), *Event._fields)
FIND = (
    select(
        imap_event.c.id,
        imap_event.c.content_id,
        imap_event.c.fence,
        imap_event.c.size,
        imap_event.c.script,
        mailbox.c.account_id,
        mailbox.c.name.label("mailbox"),
        func.length(content.c.parts).label("parts"),
        sieve_script.c.hash,
        func.length(sieve_script.c.octets).label("text"),
    )
    .join_from(imap_event, mailbox, mailbox.c.id == imap_event.c.mailbox_id)
    .join(content, content.c.id == imap_event.c.content_id)
    .outerjoin(sieve_script, _IS_ITS_SCRIPT)
    .where(_WAITS)
    .order_by(imap_event.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=imap_event, skip_locked=True)  # where processes claim side by side
)
LEASE = (
    update(imap_event)
    .where(imap_event.c.id.in_(bindparam("ids", expanding=True)))
    .values(fence=imap_event.c.fence + 1, lease_until=bindparam("until"))
)
NEXT = select(func.min(imap_event.c.lease_until)).where(imap_event.c.lease_until > bindparam("now"))
SHOW = (
    select(
        imap_event,
        mailbox.c.account_id.label("owner_id"),
        mailbox.c.name.label("mailbox"),
        account.c.address.label("owner"),
        sieve_script.c.hash,
        func.coalesce(_causer.c.address, "").label("user"),
        content.c.parts,
        content.c.header_size,
        body.c.location,
    )
    .join_from(imap_event, mailbox, mailbox.c.id == imap_event.c.mailbox_id)
    .join(account, account.c.id == mailbox.c.account_id)
    .join(content, content.c.id == imap_event.c.content_id)
    .join(body, body.c.content_id == content.c.id)
    .outerjoin(_causer, _causer.c.id == imap_event.c.account_id)
    .outerjoin(sieve_script, _IS_ITS_SCRIPT)
    .where(imap_event.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(imap_event.c.id)
)
TEXTS = select(sieve_script.c.hash, sieve_script.c.octets).where(
    sieve_script.c.hash.in_(bindparam("hashes", expanding=True)),
    sieve_script.c.account_id.in_(bindparam("owners", expanding=True)),
)
ORIGINS = (
    select(
        imap_event.c.id,
        imap_event.c.trace,
        content.c.size,
        content.c.message_id,
        content.c.subject,
        func.substr(body.c.octets, 1, content.c.header_size).label("header"),
    )
    .join_from(imap_event, content, content.c.id == imap_event.c.content_id)
    .join(body, body.c.content_id == content.c.id)
    .where(imap_event.c.id.in_(bindparam("ids", expanding=True)))
)
REMOVE = delete(imap_event).where(imap_event.c.id.in_(bindparam("ids", expanding=True)))


def add(connection: Connection, events: Sequence[Event]) -> None:
    """Write what happened."""
    ADD.run_many(connection, events)
    contents.adjust(connection, Counter(each.content_id for each in events))


def find(connection: Connection, now: float, most: int) -> list[Any]:
    """Events that nobody works on, oldest first: what they weigh, and the hash of their script (None: it is gone)."""
    return list(connection.execute(FIND, {"now": now, "most": most}))


def lease(connection: Connection, ids: Collection[int], until: float) -> None:
    """Claim events."""
    connection.execute(LEASE, {"ids": list(ids), "until": until})


def next_due(connection: Connection, now: float) -> float | None:
    """When the next lease ends."""
    moment: float | None = connection.execute(NEXT, {"now": now}).scalar()
    return moment


def shown(connection: Connection, ids: Collection[int]) -> list[Any]:
    """Events whole, oldest first: with their mailbox, its owner, who did it, and what finds the message."""
    return list(connection.execute(SHOW, {"ids": list(ids)}))


def texts(connection: Connection, owners: Collection[int], hashes: Collection[str]) -> dict[str, bytes]:
    """Scripts of some accounts, by hash."""
    return dict(connection.execute(TEXTS, {"owners": list(owners), "hashes": list(hashes)}).all())


def origins(connection: Connection, ids: Collection[int]) -> dict[int, Origin]:
    """The messages of events, as letters come from them: without what stands in front of a delivered copy."""
    rows = connection.execute(ORIGINS, {"ids": list(ids)})
    return {
        row.id: Origin(row.trace, row.size, row.message_id, row.subject, not row.header.isascii()) for row in rows
    }


def remove(connection: Connection, ids: Collection[int]) -> None:
    """Remove events; the uses of their contents are the caller's to give up."""
    connection.execute(REMOVE, {"ids": list(ids)})


def remove_all(connection: Connection, mailboxes: Collection[int]) -> None:
    """Remove all that waits in mailboxes."""
    here = imap_event.c.mailbox_id.in_(list(mailboxes))
    rows = connection.execute(select(imap_event.c.content_id).where(here)).scalars().all()
    if rows:
        contents.release(connection, Counter(rows))
        connection.execute(delete(imap_event).where(here))
