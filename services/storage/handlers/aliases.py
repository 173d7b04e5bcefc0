"""Aliases, as the operator keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, delete, insert, select

from services.storage.handlers.domains import domain_name
from services.storage.memory import Memory
from services.storage.registry import AnyRow, read, write
from services.storage.tables.schema import alias, domain
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import directory
from shared.contracts.directory import Alias, Aliases, Done, Name
from shared.contracts.errors import Code, Refused
from shared.mail.address import AddressError, canonical

MOST_TARGETS = 1_000
LIST = select(alias.c.address, alias.c.target).order_by(alias.c.address, alias.c.target)


def rows(memory: Memory) -> tuple[AnyRow, ...]:
    return (
        write(directory.alias_add, partial(add, memory)),
        write(directory.alias_remove, partial(remove, memory)),
        read(directory.alias_list, listing),
    )


def _address(text: str) -> str:
    try:
        return canonical(text)
    except AddressError as error:
        raise Refused(Code.CANNOT, f"{text!r} is not an address") from error


def add(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Alias]]) -> Sequence[Done | Refused]:
    """Let an address end elsewhere; an alias that is there already gets the new targets instead of its old ones."""
    return [_add(memory, work, each.request) for each in asked]


def _add(memory: Memory, work: UnitOfWork, request: Alias) -> Done | Refused:
    address = _address(request.address)
    targets = list(dict.fromkeys(_address(target) for target in request.targets))
    if not 0 < len(targets) <= MOST_TARGETS:
        return Refused(Code.LIMIT, f"an alias has between 1 and {MOST_TARGETS} targets")
    name = address.rpartition("@")[2]
    number = work.connection.execute(select(domain.c.id).where(domain.c.name == name)).scalar()
    if number is None:
        return Refused(Code.NOT_FOUND, f"{name} is no domain of ours")
    work.connection.execute(delete(alias).where(alias.c.address == address))
    work.connection.execute(
        insert(alias), [{"address": address, "target": target, "domain_id": number} for target in targets]
    )
    memory.rerouting(work, address)
    return Done()


def remove(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Name]]) -> Sequence[Done | Refused]:
    """Let an address be its own again."""
    return [_remove(memory, work, each.request) for each in asked]


def _remove(memory: Memory, work: UnitOfWork, request: Name) -> Done | Refused:
    address = _address(request.name)
    if not work.connection.execute(delete(alias).where(alias.c.address == address)).rowcount:
        return Refused(Code.NOT_FOUND, f"there is no alias {address}")
    memory.rerouting(work, address)
    return Done()


def listing(connection: Connection, asked: Sequence[Asked[Name]]) -> Sequence[Aliases]:
    """The aliases of a domain, of all domains ("") or of one address."""
    return [_listing(connection, each.request.name) for each in asked]


def _listing(connection: Connection, name: str) -> Aliases:
    query = LIST
    if "@" in name:
        query = LIST.where(alias.c.address == _address(name))
    elif name:
        query = LIST.join(domain, domain.c.id == alias.c.domain_id).where(domain.c.name == domain_name(name))
    targets: dict[str, list[str]] = {}
    for address, target in connection.execute(query):
        targets.setdefault(address, []).append(target)
    return Aliases(tuple(Alias(address, tuple(some)) for address, some in targets.items()))
