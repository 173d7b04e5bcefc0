"""Rights in the table ``acl``: whose they are, changed, inherited.

Invariant: an entry names an account that exists, or everybody in a domain by minus the domain's id, and grants or
denies at least one right; the owner of a mailbox has none, for he holds all rights anyway.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from services.storage.engines.statements import insert_or_update
from services.storage.rules.rights import effective
from services.storage.tables.schema import Id, account, acl, mailbox

_owner = account.alias("owner")
_asker = account.alias("asker")
_APPLIES = acl.c.account_id.in_((_asker.c.id, -_asker.c.domain_id))
MINE = (
    select(acl.c.negative, acl.c.rights)
    .join_from(_asker, acl, _APPLIES)
    .where(acl.c.mailbox_id == bindparam("of"), _asker.c.id == bindparam("asker"))
)
SHARED = (
    select(
        _asker.c.id.label("asker"),
        mailbox.c.id,
        mailbox.c.name,
        mailbox.c.uidvalidity,
        _owner.c.address.label("owner"),
        _asker.c.address,
        acl.c.negative,
        acl.c.rights,
    )
    .join_from(_asker, acl, _APPLIES)
    .join(mailbox, mailbox.c.id == acl.c.mailbox_id)
    .join(_owner, _owner.c.id == mailbox.c.account_id)
    .where(_asker.c.id.in_(bindparam("askers", expanding=True)), _owner.c.id != _asker.c.id)
    .order_by(_asker.c.id, mailbox.c.id)
)
ENTRIES = (
    select(acl.c.account_id, account.c.address, acl.c.negative, acl.c.rights)
    .join_from(acl, account, account.c.id == acl.c.account_id, isouter=True)
    .where(acl.c.mailbox_id == bindparam("of"))
    .order_by(acl.c.account_id, acl.c.negative)
)
DOMAIN = select(account.c.domain_id).where(account.c.id == bindparam("of"))
ENTRY = select(acl.c.rights).where(
    acl.c.mailbox_id == bindparam("of"),
    acl.c.account_id == bindparam("who"),
    acl.c.negative == bindparam("denied"),
)
REMOVE = delete(acl).where(
    acl.c.mailbox_id == bindparam("of"),
    acl.c.account_id == bindparam("who"),
    acl.c.negative == bindparam("denied"),
)
INHERIT = insert(acl).from_select(
    ["mailbox_id", "account_id", "negative", "rights"],
    select(bindparam("child", type_=Id), acl.c.account_id, acl.c.negative, acl.c.rights).where(
        acl.c.mailbox_id == bindparam("parent")
    ),
)


class SharedMailbox(NamedTuple):
    """A mailbox of somebody else, and what the asker may do there."""

    id: int
    name: str  # its owner's
    uidvalidity: int
    owner: str  # address
    asker: str  # address
    rights: str


class Entry(NamedTuple):
    """One line of a mailbox's list. ``address`` is None for everybody."""

    account: int
    address: str | None
    negative: bool
    rights: str


def everybody(connection: Connection, owner: int) -> int:
    """What stands in place of an account for all of the domain of ``owner``."""
    return -(connection.execute(DOMAIN, {"of": owner}).scalar() or 0)


def mine(connection: Connection, mailbox_id: int, asker: int) -> str:
    """What an account may do in somebody else's mailbox."""
    return effective((negative, rights) for negative, rights in connection.execute(MINE, _asked(mailbox_id, asker)))


def _asked(mailbox_id: int, asker: int) -> dict[str, int]:
    return {"of": mailbox_id, "asker": asker}


def shared_with(connection: Connection, askers: Collection[int]) -> list[tuple[int, SharedMailbox]]:
    """All mailboxes of others in which accounts may do something, by account."""
    found: dict[tuple[int, int], tuple[Any, list[tuple[bool, str]]]] = {}
    for row in connection.execute(SHARED, {"askers": list(askers)}):
        _, entries = found.setdefault((row.asker, row.id), (row, []))
        entries.append((row.negative, row.rights))
    return [
        (asker, SharedMailbox(number, row.name, row.uidvalidity, row.owner, row.address, rights))
        for (asker, number), (row, entries) in found.items()
        if (rights := effective(entries))
    ]


def entries(connection: Connection, mailbox_id: int) -> list[Entry]:
    """The list of a mailbox."""
    return [Entry(*row) for row in connection.execute(ENTRIES, {"of": mailbox_id})]


def entry(connection: Connection, mailbox_id: int, who: int, *, negative: bool) -> str:
    """The rights of one entry; "" where there is none."""
    given = {"of": mailbox_id, "who": who, "denied": negative}
    return connection.execute(ENTRY, given).scalar() or ""


def put(connection: Connection, mailbox_id: int, who: int, rights: str, *, negative: bool) -> None:
    """Write one entry, or remove it when ``rights`` is empty."""
    if not rights:
        connection.execute(REMOVE, {"of": mailbox_id, "who": who, "denied": negative})
        return
    row = {"mailbox_id": mailbox_id, "account_id": who, "negative": negative, "rights": rights}
    connection.execute(insert_or_update(connection, acl, "rights"), row)


def inherit(connection: Connection, parent: int, children: Sequence[int]) -> None:
    """Give new mailboxes the list of another one."""
    for child in children:
        connection.execute(INHERIT, {"parent": parent, "child": child})
