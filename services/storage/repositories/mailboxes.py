"""Mailbox rows by name: made, renamed, removed, subscribed to.

Invariant: an account's UIDVALIDITY numbers only grow, whatever is deleted and made again: each is the Unix time,
or one more than the last when that is later. So a name never comes back with a UIDVALIDITY that it has had.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from services.storage.repositories import contents, imap_events, mailbox_scripts, metadata
from services.storage.repositories.ledger import AccountState, Ledger, MailboxState
from services.storage.rules.names import INBOX, USUAL
from services.storage.tables.schema import account, acl, expunge, mailbox, maildrop_lock, message, subscription

MAX_MAILBOXES = 10_000  # in one account

NAMES = (
    select(mailbox.c.account_id, mailbox.c.id, mailbox.c.name, mailbox.c.uidvalidity, mailbox.c.special_use)
    .where(mailbox.c.account_id.in_(bindparam("accounts", expanding=True)))
    .order_by(mailbox.c.name)
)
SUBSCRIBED = select(subscription.c.account_id, subscription.c.name).where(
    subscription.c.account_id.in_(bindparam("accounts", expanding=True))
)
ADD = insert(mailbox).returning(mailbox.c.id, sort_by_parameter_order=True)
GIVEN = update(account).where(account.c.id == bindparam("of")).values(uidvalidity=bindparam("last"))
RENAME = update(mailbox).where(mailbox.c.id == bindparam("of")).values(name=bindparam("to"))
USES = select(mailbox.c.id, mailbox.c.special_use).where(
    mailbox.c.account_id == bindparam("owner"),
    mailbox.c.id.in_(bindparam("ids", expanding=True)),
    mailbox.c.special_use != "",
)
USED = select(mailbox.c.id).where(
    mailbox.c.account_id == bindparam("owner"),
    mailbox.c.special_use == bindparam("use"),
    mailbox.c.id != bindparam("of"),
)
USE = update(mailbox).where(mailbox.c.id == bindparam("of")).values(special_use=bindparam("use"))
CONTENTS = (
    select(message.c.content_id, func.count())
    .where(message.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)))
    .group_by(message.c.content_id)
)


def names(connection: Connection, accounts: Collection[int]) -> list[Any]:
    """Rows (account_id, id, name, uidvalidity, special_use) by name."""
    return list(connection.execute(NAMES, {"accounts": list(accounts)}))


def subscribed(connection: Connection, accounts: Collection[int]) -> set[tuple[int, str]]:
    """All (account id, name) subscribed to."""
    return {(number, name) for number, name in connection.execute(SUBSCRIBED, {"accounts": list(accounts)})}


def subscribe(connection: Connection, account_id: int, name: str, wanted: bool) -> bool:
    """Whether that changed anything."""
    here = (subscription.c.account_id == account_id) & (subscription.c.name == name)
    if connection.execute(select(subscription.c.name).where(here)).first() is not None:
        if not wanted:
            connection.execute(delete(subscription).where(here))
        return not wanted
    if wanted:
        connection.execute(insert(subscription), {"account_id": account_id, "name": name})
    return wanted


def add(ledger: Ledger, now: float, owner: AccountState, wanted: Sequence[tuple[str, str]]) -> list[MailboxState]:
    """Make mailboxes, by (name, special use); none of them is there yet. The ledger knows them from now on."""
    first = max(int(now), owner.uidvalidity + 1)
    script = mailbox_scripts.of_new(ledger.connection, owner.id)
    rows: list[dict[str, Any]] = [
        {"account_id": owner.id, "name": name, "uidvalidity": first + place, "special_use": use, "script": script}
        for place, (name, use) in enumerate(wanted)
    ]
    owner.uidvalidity = first + len(rows) - 1
    ledger.connection.execute(GIVEN, {"of": owner.id, "last": owner.uidvalidity})
    numbers = ledger.connection.execute(ADD, rows).scalars().all()
    states = []
    for number, row in zip(numbers, rows, strict=True):
        state = MailboxState(owner, number, row["name"], row["uidvalidity"], 1, 1, 1, 0, 0, 0, 0, 0, script=script)
        ledger.add(state)
        states.append(state)
    return states


def create_defaults(
    connection: Connection, now: float, accounts: Collection[int], wanted: Sequence[str] = tuple(USUAL)
) -> None:
    """Give new accounts INBOX and what else is ``wanted``, subscribed to."""
    first = int(now)
    all_names = (INBOX, *(name for name in wanted if name != INBOX))
    rows = [
        {"account_id": owner, "name": name, "uidvalidity": first + place, "special_use": USUAL.get(name, "")}
        for owner in accounts
        for place, name in enumerate(all_names)
    ]
    if rows:
        connection.execute(insert(mailbox), rows)
        connection.execute(insert(subscription), [{"account_id": r["account_id"], "name": r["name"]} for r in rows])
        connection.execute(GIVEN, [{"of": owner, "last": first + len(all_names) - 1} for owner in accounts])


def special_uses(connection: Connection, owner: int, ids: Collection[int]) -> list[tuple[int, str]]:
    """Mailboxes among ``ids`` that have a special use, which is their owner's alone, and which."""
    return [(number, use) for number, use in connection.execute(USES, {"owner": owner, "ids": list(ids)})]


def set_special_use(connection: Connection, owner: int, number: int, use: str) -> list[int]:
    """Give a mailbox a special use, or none (""); the others of the owner that had it, and have it no more."""
    others: list[int] = []
    if use:
        others = list(connection.execute(USED, {"owner": owner, "use": use, "of": number}).scalars())
    changes = [{"of": other, "use": ""} for other in others]
    connection.execute(USE, [*changes, {"of": number, "use": use}])
    return others


def rename(connection: Connection, moves: Sequence[tuple[int, str]]) -> None:
    """Give mailboxes new names, by (id, name), in this order."""
    if moves:
        connection.execute(RENAME, [{"of": number, "to": name} for number, name in moves])


def remove(connection: Connection, ids: Collection[int]) -> None:
    """Remove mailboxes with their messages and history. The account's counters are the caller's."""
    given = list(ids)
    if not given:
        return
    uses = connection.execute(CONTENTS, {"mailboxes": given}).all()
    contents.release(connection, dict(uses))
    connection.execute(delete(message).where(message.c.mailbox_id.in_(given)))
    connection.execute(delete(expunge).where(expunge.c.mailbox_id.in_(given)))
    connection.execute(delete(acl).where(acl.c.mailbox_id.in_(given)))
    metadata.remove(connection, given)
    imap_events.remove_all(connection, given)
    connection.execute(delete(maildrop_lock).where(maildrop_lock.c.mailbox_id.in_(given)))
    connection.execute(delete(mailbox).where(mailbox.c.id.in_(given)))
