"""The directory as the fronts see it: who is that, let me in, may I send as."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from services.storage.authority import Authority
from services.storage.bearers import MECHANISMS, Bearers
from services.storage.logins import Logins
from services.storage.proofs import Proofs
from services.storage.registry import AnyRow, read, task
from services.storage.repositories import accounts
from services.storage.resolver import Resolver
from services.storage.rooms import Rooms
from services.storage.rules.resolution import Found
from services.storage.unit_of_work import Asked
from shared.contracts import directory
from shared.contracts.directory import (
    Allowed,
    LoggedIn,
    Login,
    MaySend,
    Prove,
    Proved,
    Renew,
    Resolve,
    Resolved,
    ScramParameters,
    ScramRequest,
)
from shared.contracts.errors import Code, Refused


def rows(
    resolver: Resolver, logins: Logins, proofs: Proofs, bearers: Bearers, authority: Authority, rooms: Rooms
) -> tuple[AnyRow, ...]:
    return (
        read(directory.resolve, partial(resolve, resolver), shortcut=partial(resolve_remembered, resolver)),
        read(directory.may_send, partial(may_send, resolver), shortcut=partial(may_send_remembered, resolver)),
        task(directory.login, partial(login, logins, bearers), shortcut=partial(login_remembered, logins)),
        task(directory.scram, partial(scram, proofs)),
        task(directory.prove, partial(prove, proofs)),
        task(directory.renew, partial(renew, authority, rooms)),
    )


def resolve(resolver: Resolver, connection: Connection, asked: Sequence[Asked[Resolve]]) -> Sequence[Resolved]:
    """Where addresses end."""
    found = resolver.resolve(connection, {address for each in asked for address in each.request.addresses})
    return [Resolved(tuple(found[address] for address in each.request.addresses)) for each in asked]


def resolve_remembered(resolver: Resolver, asked: Asked[Resolve]) -> Resolved | None:
    found = resolver.remembered(asked.request.addresses)
    return None if found is None else Resolved(tuple(each.resolution for each in found))


def may_send(resolver: Resolver, connection: Connection, asked: Sequence[Asked[MaySend]]) -> Sequence[Allowed]:
    """Whether each address is the account's own, an alias that ends in it, or one it has leave for; a catch-all gives
    no right to send."""
    found = resolver.find(connection, {address for each in asked for address in each.request.addresses})
    return [_allowed(each.account, [found[address] for address in each.request.addresses]) for each in asked]


def may_send_remembered(resolver: Resolver, asked: Asked[MaySend]) -> Allowed | None:
    found = resolver.remembered(asked.request.addresses)
    return None if found is None else _allowed(asked.account, found)


def _allowed(account: int, found: Sequence[Found]) -> Allowed:
    return Allowed(tuple(_may(account, each) for each in found))


def _may(account: int, found: Found) -> bool:
    return account in found.senders or (account in found.resolution.accounts and not found.by_catch_all)


async def login(logins: Logins, bearers: Bearers, asked: Asked[Login]) -> LoggedIn:
    """Let somebody in, or hold the answer for as long as the failure costs."""
    if asked.request.mechanism in MECHANISMS:
        return await bearers.verify(asked.request, asked.caller)
    return await logins.verify(asked.request, asked.caller)


def login_remembered(logins: Logins, asked: Asked[Login]) -> LoggedIn | None:
    if asked.request.mechanism in MECHANISMS:
        return None
    return logins.remembered(asked.request, asked.caller)


async def scram(proofs: Proofs, asked: Asked[ScramRequest]) -> ScramParameters:
    """How somebody proves a password."""
    return await proofs.parameters(asked.request)


async def prove(proofs: Proofs, asked: Asked[Prove]) -> Proved:
    """Let somebody in who proved a password."""
    return await proofs.verify(asked.request, asked.caller)


async def renew(authority: Authority, rooms: Rooms, asked: Asked[Renew]) -> LoggedIn:
    """A fresh grant for the holder of a good one."""
    owner = await rooms.ask(accounts.STATE, accounts.StateRequest(asked.account))
    if owner.version is None:
        raise Refused(Code.GRANT_EXPIRED, "the account is gone or disabled")
    grant, expires = authority.grant(asked.account, owner.version, asked.caller, asked.session)
    return LoggedIn(grant, asked.account, owner.address, expires)
