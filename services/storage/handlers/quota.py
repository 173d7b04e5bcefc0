"""`quota.*`: limits told and set (RFC 9208)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, read, write
from services.storage.repositories import accounts, administrators, places, quotas, rights
from services.storage.repositories.access import UNKNOWN, Access
from services.storage.repositories.ledger import AccountState, Ledger, MailboxState
from services.storage.repositories.places import Place
from services.storage.rules import names
from services.storage.rules.quota import root_name, root_of
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import quota as contract
from shared.contracts.errors import Code, Refused
from shared.contracts.quota import Root, RootRequest, Roots, RootsRequest, SetRoot

Q = TypeVar("Q")
R = TypeVar("R")

Rerouting = Callable[[UnitOfWork, str], None]  # `Memory.rerouting`

NO_ROOT = "no such quota root"


def rows(administrating: Collection[str], rerouting: Rerouting) -> tuple[AnyRow, ...]:
    """All of the family. ``administrating``: addresses of those who set the quotas of accounts. ``rerouting`` is told
    of accounts that may take mail again, or none any more.
    """
    return (
        read(contract.roots, partial(_each, roots)),
        read(contract.get, partial(_each, partial(get, administrating))),
        write(contract.set, partial(one_by_one, partial(change, administrating, rerouting))),
    )


def _each(
    answer: Callable[[Connection, Asked[Q]], R], connection: Connection, asked: Sequence[Asked[Q]]
) -> list[R | Refused]:
    answers: list[R | Refused] = []
    for each in asked:
        try:
            answers.append(answer(connection, each))
        except Refused as refused:
            answers.append(refused)
    return answers


def roots(connection: Connection, asked: Asked[RootsRequest]) -> Roots:
    """The roots that govern a mailbox: its owner's, and its own where that has limits."""
    place = places.find(connection, asked.account, asked.request.name)
    ledger = Ledger(connection)
    ledger.load_names([place])
    state = Access(ledger).by_place(place, asked.account, "r")
    if isinstance(state, Refused) and place.account != asked.account:
        raise state
    owner = ledger.accounts[place.account]
    address = places.address_of_account(connection, owner.id)
    found = [_root(owner, root_name(address))]
    if isinstance(state, MailboxState) and (state.quota or state.message_quota):
        found.append(_root(state, root_name(address, state.name)))
    return Roots(tuple(found))


def _root(state: AccountState | MailboxState, name: str) -> Root:
    return Root(name, state.octets, _told(state.quota), state.messages, _told(state.message_quota))


def _told(limit: int) -> int | None:
    return max(0, limit) if limit else None


def _kept(limit: int | None) -> int:
    return 0 if limit is None else limit or -1


class Found:
    """What a root governs, as one asker sees it. Raises `Refused` for what he may know nothing of."""

    def __init__(self, connection: Connection, administrating: Collection[str], asker: int, root: str) -> None:
        address, name = root_of(root)
        number = accounts.ids(connection, [address]).get(address)
        if number is None:
            raise Refused(Code.NOT_FOUND, NO_ROOT)
        self.address = address
        self.administrates = administrators.includes(connection, administrating, asker)
        self.place = Place(number, names.canonical(name or names.INBOX))
        self.ledger = Ledger(connection)
        self.ledger.load_names([self.place])
        self.access = Access(self.ledger)
        self.whole = not name
        if self.whole and not (number == asker or self.administrates or _shares(connection, asker, address)):
            raise Refused(Code.NOT_FOUND, NO_ROOT)

    @property
    def owner(self) -> AccountState:
        return self.ledger.accounts[self.place.account]

    def mailbox(self, asker: int, right: str) -> MailboxState:
        """The one mailbox that is governed; raises `Refused` where the asker lacks ``right`` in it."""
        state = self.access.by_place(self.place, asker, right)
        if self.administrates and isinstance(state, Refused):
            state = self.ledger.names.get(self.place) or Refused(Code.NOT_FOUND, UNKNOWN)
        if isinstance(state, Refused):
            raise state
        return state


def _shares(connection: Connection, asker: int, owner: str) -> bool:
    """Whether the asker may read some mailbox of an owner, and so be told of what he holds."""
    return any(each.owner == owner and "r" in each.rights for _, each in rights.shared_with(connection, [asker]))


def get(administrating: Collection[str], connection: Connection, asked: Asked[RootRequest]) -> Root:
    """What a root governs holds, and its limits."""
    found = Found(connection, administrating, asked.account, asked.request.root)
    if found.whole:
        return _root(found.owner, root_name(found.address))
    state = found.mailbox(asked.account, "r")
    return _root(state, root_name(found.address, state.name))


def change(administrating: Collection[str], rerouting: Rerouting, work: UnitOfWork, asked: Asked[SetRoot]) -> Root:
    """Set both limits; an account's are for administrators to set."""
    request = asked.request
    found = Found(work.connection, administrating, asked.account, request.root)
    limits = _kept(request.octets), _kept(request.messages)
    if not found.whole:
        state = found.mailbox(asked.account, "a")
        quotas.limit_mailbox(work.connection, state.id, *limits)
        state.quota, state.message_quota = limits
        return _root(state, root_name(found.address, state.name))
    if not found.administrates:
        raise Refused(Code.NO_RIGHT, "quotas of accounts are set by administrators")
    quotas.limit_account(work.connection, found.owner.id, *limits)
    rerouting(work, found.address)
    found.owner.quota, found.owner.message_quota = limits
    return _root(found.owner, root_name(found.address))
