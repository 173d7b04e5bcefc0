"""Domains, as the operator keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, delete, func, insert, select, update

from services.storage.memory import Memory
from services.storage.registry import AnyRow, read, write
from services.storage.tables.schema import account, alias, domain
from services.storage.tables.submission import dkim_key
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import directory
from shared.contracts.directory import Domain, Domains, DomainSet, Done, Name, Nothing
from shared.contracts.errors import Code, Refused
from shared.mail.address import AddressError, canonical, canonical_domain

ACCOUNTS = select(func.count()).where(account.c.domain_id == domain.c.id).scalar_subquery()
ALIASES = select(func.count(alias.c.address.distinct())).where(alias.c.domain_id == domain.c.id).scalar_subquery()
LIST = select(domain.c.name, ACCOUNTS, ALIASES, domain.c.catch_all).order_by(domain.c.name)


def rows(memory: Memory) -> tuple[AnyRow, ...]:
    return (
        write(directory.domain_add, partial(add, memory)),
        write(directory.domain_set, partial(change, memory)),
        write(directory.domain_remove, partial(remove, memory)),
        read(directory.domain_list, listing),
    )


def domain_name(text: str) -> str:
    """``text`` as a domain's name. Refused: CANNOT."""
    try:
        return canonical_domain(text)
    except AddressError as error:
        raise Refused(Code.CANNOT, f"{text!r} is not a domain") from error


def _catch_all(text: str) -> str:
    try:
        return canonical(text) if text else ""
    except AddressError as error:
        raise Refused(Code.CANNOT, f"{text!r} is not an address") from error


def add(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[DomainSet]]) -> Sequence[Done | Refused]:
    """Take mail for a domain from now on."""
    return [_add(memory, work, each.request) for each in asked]


def _add(memory: Memory, work: UnitOfWork, request: DomainSet) -> Done | Refused:
    name, catch_all = domain_name(request.name), _catch_all(request.catch_all)
    if work.connection.execute(select(domain.c.id).where(domain.c.name == name)).first() is not None:
        return Refused(Code.ALREADY_EXISTS, f"{name} is a domain of ours already")
    work.connection.execute(insert(domain), {"name": name, "catch_all": catch_all})
    memory.rerouting(work, name)
    return Done()


def change(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[DomainSet]]) -> Sequence[Done | Refused]:
    """Set who gets what nobody else does."""
    return [_change(memory, work, each.request) for each in asked]


def _change(memory: Memory, work: UnitOfWork, request: DomainSet) -> Done | Refused:
    name = domain_name(request.name)
    values = {"catch_all": _catch_all(request.catch_all)}
    if not work.connection.execute(update(domain).where(domain.c.name == name).values(values)).rowcount:
        return _unknown(name)
    memory.rerouting(work, name)
    return Done()


def remove(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Name]]) -> Sequence[Done | Refused]:
    """Take no more mail for a domain. Its aliases go along; accounts must be gone before."""
    return [_remove(memory, work, each.request) for each in asked]


def _remove(memory: Memory, work: UnitOfWork, request: Name) -> Done | Refused:
    connection, name = work.connection, domain_name(request.name)
    number = connection.execute(select(domain.c.id).where(domain.c.name == name)).scalar()
    if number is None:
        return _unknown(name)
    if connection.execute(select(account.c.id).where(account.c.domain_id == number).limit(1)).first() is not None:
        return Refused(Code.CANNOT, f"{name} has accounts")
    connection.execute(delete(alias).where(alias.c.domain_id == number))
    connection.execute(delete(dkim_key).where(dkim_key.c.domain_id == number))
    connection.execute(delete(domain).where(domain.c.id == number))
    memory.rerouting(work, name)
    return Done()


def listing(connection: Connection, asked: Sequence[Asked[Nothing]]) -> Sequence[Domains]:
    """All domains with what they hold."""
    domains = Domains(tuple(Domain(*row) for row in connection.execute(LIST)))
    return [domains] * len(asked)


def _unknown(name: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"{name} is no domain of ours")
