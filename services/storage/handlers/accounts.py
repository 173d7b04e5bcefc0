"""Accounts, as the operator keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from services.storage.handlers.domains import domain_name
from services.storage.logins import Logins
from services.storage.memory import Memory
from services.storage.registry import AnyRow, read, task, write
from services.storage.repositories import accounts, mailboxes, metadata, scripts, sieve_log, sieve_memories
from services.storage.repositories.accounts import NOBODY, NewAccount
from services.storage.rooms import Rooms
from services.storage.rules.addresses import fit_for_account
from services.storage.rules.passwords import UnknownScheme, check_secret
from services.storage.secrets import Secrets
from services.storage.tables.schema import account, acl, domain, mailbox, subscription
from services.storage.tables.sending import send_as
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import directory
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.directory import (
    Account,
    AccountList,
    AccountNew,
    AccountResult,
    AccountResults,
    Accounts,
    AccountSet,
    AccountsNew,
    Done,
    Name,
)
from shared.contracts.errors import Code, Refused
from shared.contracts.op import Op, Repeat
from shared.mail.address import AddressError, canonical

MOST_LISTED = 5_000
LIST = select(
    account.c.id,
    account.c.address,
    account.c.enabled,
    account.c.messages,
    account.c.octets,
    account.c.quota,
    account.c.created,
    account.c.message_quota,
).order_by(account.c.address)


class Adding(NamedTuple):
    """New accounts, with what is stored of the passwords that came in clear (None for those that came hashed)."""

    wanted: tuple[AccountNew, ...]
    secrets: tuple[Secrets | None, ...]


class Setting(NamedTuple):
    """A change, with what is stored of the new password if one came in clear."""

    wanted: AccountSet
    secrets: Secrets | None


def rows(memory: Memory, logins: Logins, rooms: Rooms, default_mailboxes: Sequence[str]) -> tuple[AnyRow, ...]:
    """All of the family. ``default_mailboxes``: what a new account has beside INBOX."""
    add_rows = partial(_add, memory, default_mailboxes)
    adding = write(Op("account.add", Adding, AccountResults, NOBODY, 60.0, Repeat.NEVER), add_rows)
    setting = write(Op("account.set", Setting, Done, NOBODY, 10.0, Repeat.SAFE), partial(_change, memory))
    return (
        task(directory.account_add, partial(add, logins, rooms, adding)),
        task(directory.account_set, partial(change, logins, rooms, setting)),
        write(directory.account_remove, partial(remove, memory)),
        read(directory.account_list, listing),
    )


async def add(logins: Logins, rooms: Rooms, adding: AnyRow, asked: Asked[AccountsNew]) -> AccountResults:
    """Make accounts, each by itself: one that cannot be made does not stop the others."""
    wanted = asked.request.accounts
    plain = [place for place, each in enumerate(wanted) if not each.hashed]
    made = await logins.hash_all([(wanted[place].secret, logins.address(wanted[place].address)) for place in plain])
    secrets: list[Secrets | None] = [None] * len(wanted)
    for place, each in zip(plain, made, strict=True):
        secrets[place] = each
    results: AccountResults = await rooms.ask(adding, Adding(wanted, tuple(secrets)))
    return results


def _add(
    memory: Memory, defaults: Sequence[str], work: UnitOfWork, asked: Sequence[Asked[Adding]]
) -> Sequence[AccountResults]:
    return [_add_some(memory, defaults, work, each.request) for each in asked]


def _add_some(memory: Memory, defaults: Sequence[str], work: UnitOfWork, adding: Adding) -> AccountResults:
    judged = list(map(_judge, adding.wanted, adding.secrets))
    good = [each for each in judged if isinstance(each, NewAccount)]
    domains = accounts.domains(work.connection, {each.address.rpartition("@")[2] for each in good})
    taken = set(accounts.ids(work.connection, [each.address for each in good]))
    new: list[NewAccount] = []
    results: list[AccountResult] = []
    for request, each in zip(adding.wanted, judged, strict=True):
        error, code = ("", "") if isinstance(each, NewAccount) else (each, Code.CANNOT.value)
        if isinstance(each, NewAccount):
            name = each.address.rpartition("@")[2]
            if name not in domains:
                error, code = f"{name} is no domain of ours", Code.NOT_FOUND.value
            elif each.address in taken:
                error, code = "the account exists already", Code.ALREADY_EXISTS.value
            else:
                taken.add(each.address)
                new.append(each)
        results.append(AccountResult(request.address, error, code))
    if new:
        numbers = accounts.add(work.connection, work.now, new, domains)
        mailboxes.create_defaults(work.connection, work.now, numbers, defaults)
        memory.rerouting(work, new[0].address)  # nobody holds a grant of a new account: one notice serves all
    return AccountResults(tuple(results))


def _judge(request: AccountNew, secrets: Secrets | None) -> NewAccount | str:
    """What is to be written, or why it cannot be."""
    try:
        address = canonical(request.address)
        kept = secrets or Secrets(check_secret(request.secret))
    except (AddressError, UnknownScheme) as error:
        return str(error)
    if not fit_for_account(address):
        return "the local part mixes scripts or holds characters that no account has"
    return NewAccount(address, kept.hash, kept.scram, max(0, request.quota), max(0, request.message_quota))


async def change(logins: Logins, rooms: Rooms, setting: AnyRow, asked: Asked[AccountSet]) -> Done:
    """Set a password, a quota, or whether somebody may log in."""
    request = asked.request
    secrets = None
    if request.secret is not None and not request.hashed:
        secrets = await logins.hash(request.secret, logins.address(request.address))
    if request.apop and not (secrets and secrets.apop):
        raise Refused(Code.CANNOT, "APOP needs the password with it, and storage.login.apop_key")
    done: Done = await rooms.ask(setting, Setting(request, secrets))
    return done


def _change(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Setting]]) -> Sequence[Done | Refused]:
    return [_change_one(memory, work, each.request) for each in asked]


def _change_one(memory: Memory, work: UnitOfWork, setting: Setting) -> Done | Refused:
    request = setting.wanted
    present = _find(work.connection, request.address)
    if present is None:
        return Refused(Code.NOT_FOUND, f"there is no account {request.address}")
    values: dict[str, Any] = {}
    if request.quota is not None:
        values["quota"] = max(0, request.quota)
    if request.message_quota is not None:
        values["message_quota"] = max(0, request.message_quota)
    if request.secret is not None:
        try:
            kept = setting.secrets or Secrets(check_secret(request.secret))
        except UnknownScheme as error:
            return Refused(Code.CANNOT, str(error))
        values.update(secret=kept.hash, scram=kept.scram)
        if request.apop or present.apop is not None:
            values["apop"] = kept.apop or None
    if request.apop is False:
        values["apop"] = None
    if request.enabled is not None:
        values["enabled"] = request.enabled
    if "secret" in values or "apop" in values or ("enabled" in values and values["enabled"] != present.enabled):
        values["version"] = account.c.version + 1
    if not values:
        return Done()
    work.connection.execute(update(account).where(account.c.id == present.id).values(values))
    if "version" in values:
        memory.changing(work, present.id, present.address)
    else:
        memory.rerouting(work, present.address)
    return Done()


def remove(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Name]]) -> Sequence[Done | Refused]:
    """Remove accounts with all their mail."""
    return [_remove(memory, work, each.request.name) for each in asked]


def _remove(memory: Memory, work: UnitOfWork, address: str) -> Done | Refused:
    connection = work.connection
    present = _find(connection, address)
    if present is None:
        return Refused(Code.NOT_FOUND, f"there is no account {address}")
    owned = connection.execute(select(mailbox.c.id).where(mailbox.c.account_id == present.id)).scalars().all()
    mailboxes.remove(connection, owned)
    for family in (metadata, scripts, sieve_memories, sieve_log):
        family.remove_all(connection, present.id)
    for number in owned:  # others may have them open
        work.publish(mailbox_changed, Change(number, 0, 0, 0, deleted=True), key=number)
    connection.execute(delete(subscription).where(subscription.c.account_id == present.id))
    connection.execute(delete(acl).where(acl.c.account_id == present.id))
    connection.execute(delete(send_as).where(send_as.c.account_id == present.id))
    connection.execute(delete(account).where(account.c.id == present.id))
    memory.changing(work, present.id, present.address)
    return Done()


def _find(connection: Connection, address: str) -> Any:
    try:
        name = canonical(address)
    except AddressError:
        return None
    query = select(account.c.id, account.c.address, account.c.enabled, account.c.apop).where(
        account.c.address == name
    )
    return connection.execute(query).first()


def listing(connection: Connection, asked: Sequence[Asked[AccountList]]) -> Sequence[Accounts]:
    """Accounts by address, a page at a time."""
    return [_page(connection, each.request) for each in asked]


def _page(connection: Connection, request: AccountList) -> Accounts:
    limit = max(1, min(request.limit, MOST_LISTED))
    query = LIST.where(account.c.address > request.after).limit(limit)
    if request.domain:
        query = query.join(domain, domain.c.id == account.c.domain_id)
        query = query.where(domain.c.name == domain_name(request.domain))
    found = tuple(Account(*row) for row in connection.execute(query))
    return Accounts(found, found[-1].address if len(found) == limit else "")
