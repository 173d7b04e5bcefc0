"""Mailboxes by name: list, open, count, subscribe. Making and moving them stands in `mailboxes_naming`, what fills a
front's view in `mailboxes_view`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from services.storage.handlers import mailboxes_naming, mailboxes_view
from services.storage.handlers.notices import tell_list
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, either, read, write
from services.storage.repositories import mailboxes
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules import names
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
        either(contract.open, examine, select, writes=lambda request: request.writable),
        read(contract.page, partial(mailboxes_view.page, flagsets)),
        read(contract.sync, partial(mailboxes_view.sync, flagsets)),
        read(contract.vanished, mailboxes_view.vanished),
        read(contract.status, status),
        write(contract.create, partial(one_by_one, mailboxes_naming.create)),
        write(contract.delete, partial(one_by_one, mailboxes_naming.delete)),
        write(contract.rename, partial(one_by_one, mailboxes_naming.rename)),
        write(contract.subscribe, partial(one_by_one, subscribe)),
    )


def listing(connection: Connection, asked: Sequence[Asked[ListRequest]]) -> list[Listed | Refused]:
    """All names of each asking account."""
    accounts = {each.account for each in asked}
    subscribed = mailboxes.subscribed(connection, accounts)
    found: dict[int, dict[str, Mailbox]] = {account: {} for account in accounts}
    for account, number, name, uidvalidity, use in mailboxes.names(connection, accounts):
        found[account][name] = Mailbox(number, name, uidvalidity, use, (account, name) in subscribed)
    for account, known in found.items():
        for name in names.missing_parents(known):
            known[name] = Mailbox(0, name, 0, "", (account, name) in subscribed, selectable=False)
    for account, name in subscribed:
        found[account].setdefault(name, Mailbox(0, name, 0, "", subscribed=True, selectable=False))
    listed = {account: Listed(tuple(known[name] for name in sorted(known))) for account, known in found.items()}
    return [listed[each.account] for each in asked]


def _find(connection: Connection, asked: Sequence[Asked[Open]]) -> tuple[Ledger, list[MailboxState | None]]:
    ledger = Ledger(connection)
    pairs = [(each.account, names.canonical(each.request.name)) for each in asked]
    ledger.load_names(pairs)
    return ledger, [ledger.names.get(pair) for pair in pairs]


def _opened(state: MailboxState | None) -> Opened | Refused:
    if state is None:
        return Refused(Code.NOT_FOUND, "no such mailbox")
    return Opened(state.id, state.uidvalidity, state.uidnext, state.modseq, state.messages, state.recent_from)


def examine(connection: Connection, asked: Sequence[Asked[Open]]) -> list[Opened | Refused]:
    """Open to look: what is recent stays so for the next one who selects."""
    _, states = _find(connection, asked)
    return [_opened(state) for state in states]


def select(work: UnitOfWork, asked: Sequence[Asked[Open]]) -> list[Opened | Refused]:
    """Open and, when writable, claim what is recent. Writes nothing when there is nothing to claim."""
    ledger, states = _find(work.connection, asked)
    answers = []
    for each, state in zip(asked, states, strict=True):
        answers.append(_opened(state))
        if state is not None and each.request.writable and state.recent_from < state.uidnext:
            state.recent_from = state.uidnext
            state.changed = True
    ledger.save()
    return answers


def status(connection: Connection, asked: Sequence[Asked[StatusRequest]]) -> list[States | Refused]:
    """The counters. ``recent`` counts what arrived since the last SELECT, at most, for nothing is scanned."""
    ledger = Ledger(connection)
    ledger.load_names({(each.account, names.canonical(name)) for each in asked for name in each.request.names})
    return [States(tuple(_state(ledger, each.account, name) for name in each.request.names)) for each in asked]


def _state(ledger: Ledger, account: int, name: str) -> State:
    state = ledger.names.get((account, names.canonical(name)))
    if state is None:
        return State(name, found=False)
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
    )


def subscribe(work: UnitOfWork, asked: Asked[Subscribe]) -> Done:
    """RFC 3501 sections 6.3.6 and 6.3.7: a name may be subscribed to though no mailbox has it."""
    request = asked.request
    try:
        name = names.validate(request.name) if request.subscribed else names.canonical(request.name)
    except names.BadName as error:
        raise Refused(Code.CANNOT, str(error)) from error
    if mailboxes.subscribe(work.connection, asked.account, name, request.subscribed):
        tell_list(work, asked.account)
    return Done()
