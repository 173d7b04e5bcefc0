"""Mailboxes by name: list, open, count, subscribe. Making and moving them stands in `mailboxes_naming`, what fills a
front's view in `mailboxes_view`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Connection

from services.storage.handlers import mailboxes_naming, mailboxes_view, reaching
from services.storage.handlers.notices import tell_list
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, either, read, write
from services.storage.repositories import mailboxes, messages, places, rights
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.places import Place
from services.storage.rules import names
from services.storage.rules.rights import WRITING
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import mailboxes as contract
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import (
    Listed,
    ListRequest,
    Mailbox,
    Open,
    Opened,
    State,
    States,
    StatusRequest,
    Subscribe,
)


def rows(flagsets: FlagSets) -> tuple[AnyRow, ...]:
    """All of the family."""
    return (
        read(contract.listing, listing),
        either(
            contract.open,
            examine,
            select,
            writes=lambda request: request.writable,
            reach=lambda asked: reaching.by_name(asked, asked.request.name),
        ),
        read(contract.page, partial(mailboxes_view.page, flagsets)),
        read(contract.sync, partial(mailboxes_view.sync, flagsets)),
        read(contract.vanished, mailboxes_view.vanished),
        read(contract.modseqs, mailboxes_view.modseqs),
        read(contract.status, status),
        write(contract.create, partial(one_by_one, mailboxes_naming.create)),
        write(contract.delete, partial(one_by_one, mailboxes_naming.delete)),
        write(contract.rename, partial(one_by_one, mailboxes_naming.rename)),
        write(contract.subscribe, partial(one_by_one, subscribe)),
    )


def listing(connection: Connection, asked: Sequence[Asked[ListRequest]]) -> list[Listed | Refused]:
    """All names of each asking account, and what others let it look up."""
    accounts = {each.account for each in asked}
    subscribed = mailboxes.subscribed(connection, accounts)
    found: dict[int, dict[str, Mailbox]] = {account: {} for account in accounts}
    for account, number, name, uidvalidity, use in mailboxes.names(connection, accounts):
        found[account][name] = Mailbox(number, name, uidvalidity, use, (account, name) in subscribed)
    _add_shared(connection, found, subscribed)
    for account, known in found.items():
        for name in names.missing_parents(known):
            known[name] = Mailbox(0, name, 0, "", (account, name) in subscribed, selectable=False)
    for account, name in subscribed:
        found[account].setdefault(name, Mailbox(0, name, 0, "", subscribed=True, selectable=False))
    listed = {account: Listed(tuple(known[name] for name in sorted(known))) for account, known in found.items()}
    return [listed[each.account] for each in asked]


def _add_shared(
    connection: Connection, found: dict[int, dict[str, Mailbox]], subscribed: Collection[tuple[int, str]]
) -> None:
    """Those of others, in one statement for all who ask."""
    for account, each in rights.shared_with(connection, found):
        name = places.outward(each.owner, places.domain_of(each.asker), each.name)
        if "l" in each.rights and name:
            is_subscribed = (account, name) in subscribed
            found[account][name] = Mailbox(each.id, name, each.uidvalidity, "", is_subscribed, rights=each.rights)


def _find(connection: Connection, asked: Sequence[Asked[Open]]) -> tuple[Access, list[MailboxState | Refused]]:
    where = [places.find(connection, each.account, each.request.name) for each in asked]
    access = Access(Ledger(connection))
    access.ledger.load_names(where)
    return access, [access.by_place(place, each.account, "r") for place, each in zip(where, asked, strict=True)]


def _opened(access: Access, state: MailboxState | Refused, asker: int) -> Opened | Refused:
    if isinstance(state, Refused):
        return state
    return Opened(
        state.id,
        state.uidvalidity,
        state.uidnext,
        state.modseq,
        state.messages,
        state.recent_from,
        access.rights(state, asker),
        state.account.id,
    )


def examine(connection: Connection, asked: Sequence[Asked[Open]]) -> list[Opened | Refused]:
    """Open to look: what is recent stays so for the next one who selects."""
    access, states = _find(connection, asked)
    return [_opened(access, state, each.account) for state, each in zip(states, asked, strict=True)]


def select(work: UnitOfWork, asked: Sequence[Asked[Open]]) -> list[Opened | Refused]:
    """Open and, when writable, claim what is recent. Writes nothing when there is nothing to claim."""
    access, states = _find(work.connection, asked)
    answers = []
    for each, state in zip(asked, states, strict=True):
        answer = _opened(access, state, each.account)
        answers.append(answer)
        if isinstance(state, Refused) or isinstance(answer, Refused):
            continue
        writable = each.request.writable and not WRITING.isdisjoint(answer.rights)
        if writable and state.recent_from < state.uidnext:
            state.recent_from = state.uidnext
            state.changed = True
    access.ledger.save()
    return answers


def status(connection: Connection, asked: Sequence[Asked[StatusRequest]]) -> list[States | Refused]:
    """The counters. ``recent`` counts what arrived since the last SELECT, at most, for nothing is scanned."""
    where = {
        (each.account, name): places.find(connection, each.account, name)
        for each in asked
        for name in each.request.names
    }
    access = Access(Ledger(connection))
    access.ledger.load_names(where.values())
    return [
        States(tuple(_state(access, where[each.account, name], each, name) for name in each.request.names))
        for each in asked
    ]


def _state(access: Access, place: Place, asked: Asked[StatusRequest], name: str) -> State:
    state = access.by_place(place, asked.account, "r")
    if isinstance(state, Refused):
        return State(name, found=False, denied=state.code is Code.NO_RIGHT)
    freed = 0
    if asked.request.deleted_octets and state.deleted:
        freed = messages.marked_octets(access.ledger.connection, state.id)
    return State(
        name,
        found=True,
        messages=state.messages,
        recent=min(state.messages, state.uidnext - state.recent_from),
        unseen=state.unseen,
        deleted=state.deleted,
        octets=state.octets,
        uidnext=state.uidnext,
        uidvalidity=state.uidvalidity,
        modseq=state.modseq,
        mailbox=state.id,
        deleted_octets=freed,
    )


def subscribe(work: UnitOfWork, asked: Asked[Subscribe]) -> Done:
    """RFC 3501 sections 6.3.6 and 6.3.7: a name may be subscribed to though no mailbox has it."""
    request = asked.request
    try:
        name = names.subscribable(request.name) if request.subscribed else names.canonical(request.name)
    except names.BadName as error:
        raise Refused(Code.CANNOT, str(error)) from error
    name = places.listed(work.connection, asked.account, name)
    if mailboxes.subscribe(work.connection, asked.account, name, request.subscribed):
        tell_list(work, asked.account, asked.session)
    return Done()
