"""`acl.*`: lists of rights, told and changed (RFC 4314 section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from services.storage.handlers.notices import tell_list
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import read, write
from services.storage.repositories import accounts, places, rights
from services.storage.repositories.access import Access
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules.rights import SEEING, changed, known
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import acl as contract
from shared.contracts.acl import (
    ANYONE,
    RIGHTS,
    Acl,
    AclRequest,
    Entry,
    Grantable,
    GrantableRequest,
    MyRights,
    Rights,
    SetAcl,
)
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused

MAX_ENTRIES = 1_000  # of one mailbox


def get(connection: Connection, asked: Sequence[Asked[AclRequest]]) -> list[Acl | Refused]:
    """The list of a mailbox, for those who administer it."""
    answers: list[Acl | Refused] = []
    for each in asked:
        state = _administered(Ledger(connection), each.account, each.request.name)
        answers.append(state if isinstance(state, Refused) else _list(connection, state, each.account))
    return answers


def _administered(ledger: Ledger, asker: int, name: str) -> MailboxState | Refused:
    place = places.find(ledger.connection, asker, name)
    ledger.load_names([place])
    return Access(ledger).by_place(place, asker, "a")


def _list(connection: Connection, state: MailboxState, asker: int) -> Acl:
    domain = places.domain_of(places.address_of_account(connection, asker))
    owner = places.address_of_account(connection, state.account.id)
    told = [Entry(places.called(owner, domain), RIGHTS)]
    for entry in rights.entries(connection, state.id):
        who = ANYONE if entry.address is None else places.called(entry.address, domain)
        told.append(Entry(f"-{who}" if entry.negative else who, entry.rights))
    return Acl(tuple(told))


def _identified(connection: Connection, owner: int, asker: int, identifier: str) -> tuple[int, bool]:
    """Whom an identifier means in a mailbox of ``owner``, and whether they are denied. Raises `Refused`."""
    negative = identifier.startswith("-")
    who = identifier.removeprefix("-")
    if who.lower() == ANYONE:
        return rights.everybody(connection, owner), negative
    address = places.address_of(connection, asker, who)
    number = accounts.ids(connection, [address]).get(address)
    if number is None:
        raise Refused(Code.CANNOT, "nobody has this identifier")
    return number, negative


def set(work: UnitOfWork, asked: Asked[SetAcl]) -> Done:
    """Change one entry. All who have the mailbox open are told to ask for their rights again.

    The mailbox's modseq grows, so that whoever misses this notice sees a gap at the next one.
    """
    request = asked.request
    if not known(request.rights):
        raise Refused(Code.MALFORMED, "no such right")
    ledger = Ledger(work.connection)
    state = _administered(ledger, asked.account, request.name)
    if isinstance(state, Refused):
        raise state
    who, negative = _identified(work.connection, state.account.id, asked.account, request.identifier)
    if who == state.account.id:
        return Done()
    old = rights.entry(work.connection, state.id, who, negative=negative)
    new = changed(old, request.mode, request.rights)
    if new == old:
        return Done()
    if not old and len(rights.entries(work.connection, state.id)) >= MAX_ENTRIES:
        raise Refused(Code.LIMIT, "too many entries")
    rights.put(work.connection, state.id, who, new, negative=negative)
    previous = state.modseq
    state.advance()
    ledger.save()
    work.publish(mailbox_changed, Change(*state.step(previous), rights=True), key=state.id)
    for account in {who, state.account.id}:
        if account > 0:
            tell_list(work, account)
    return Done()


def grantable(connection: Connection, asked: Sequence[Asked[GrantableRequest]]) -> list[Grantable | Refused]:
    """All rights can be granted, one by one, to everybody but the owner, who has them."""
    answers: list[Grantable | Refused] = []
    for each in asked:
        state = _administered(Ledger(connection), each.account, each.request.name)
        if isinstance(state, Refused):
            answers.append(state)
            continue
        try:
            who, _ = _identified(connection, state.account.id, each.account, each.request.identifier)
        except Refused as refused:
            answers.append(refused)
        else:
            answers.append(Grantable(RIGHTS, "") if who == state.account.id else Grantable("", RIGHTS))
    return answers


def my_rights(connection: Connection, asked: Sequence[Asked[MyRights]]) -> list[Rights | Refused]:
    """For whom at least one of the rights is held that make a mailbox known (section 4)."""
    access = Access(Ledger(connection))
    answers: list[Rights | Refused] = []
    for each in asked:
        state = _named(access, connection, each)
        held = "" if state is None else access.rights(state, each.account)
        answers.append(Refused(Code.NOT_FOUND) if SEEING.isdisjoint(held) else Rights(held))
    return answers


def _named(access: Access, connection: Connection, asked: Asked[MyRights]) -> MailboxState | None:
    if asked.request.mailbox:
        access.ledger.load([asked.request.mailbox])
        return access.ledger.mailboxes.get(asked.request.mailbox)
    place = places.find(connection, asked.account, asked.request.name)
    access.ledger.load_names([place])
    return access.ledger.names.get(place)


ROWS = (
    read(contract.get, get),
    write(contract.set, partial(one_by_one, set)),
    read(contract.grantable, grantable),
    read(contract.my_rights, my_rights),
)
