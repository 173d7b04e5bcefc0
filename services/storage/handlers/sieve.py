"""The sieve family: scripts of an account, kept by its owner or by the administrator, and the log of their runs.

Invariants:
1. Whatever changes which text is active tells `Memory`, since resolutions carry its hash.
2. Whatever changes which names there are resolves anew what runs in the owner's mailboxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from services.storage import config
from services.storage.blobs.tickets import Tickets
from services.storage.handlers import sieve_delivery
from services.storage.handlers.one_by_one import one_by_one
from services.storage.memory import Memory
from services.storage.registry import AnyRow, read, write
from services.storage.repositories import accounts, mailbox_scripts, scripts, sieve_log
from services.storage.rules.script_names import is_name
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import sieve as contract
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.sieve import (
    Activate,
    Delete,
    Get,
    HaveSpace,
    Limit,
    Listed,
    ListRequest,
    Log,
    LogLine,
    LogRequest,
    Put,
    Rename,
    Script,
    Text,
)
from shared.mail.address import AddressError, canonical

Q = TypeVar("Q")
R = TypeVar("R")


def rows(settings: config.Sieve, memory: Memory, tickets: Tickets, clock: Callable[[], float]) -> tuple[AnyRow, ...]:
    """All of the family."""
    put_one, space = partial(put, settings, memory), partial(have_space, settings)
    return (
        read(contract.listing, partial(_each, listing), grant_optional=True),
        read(contract.get, partial(_each, get), grant_optional=True),
        read(contract.have_space, partial(_each, space), grant_optional=True),
        write(contract.put, partial(one_by_one, put_one), grant_optional=True),
        write(contract.rename, partial(one_by_one, rename), grant_optional=True),
        write(contract.delete, partial(one_by_one, delete), grant_optional=True),
        write(contract.activate, partial(one_by_one, partial(activate, memory)), grant_optional=True),
        read(contract.log, partial(_each, log)),
        *sieve_delivery.rows(tickets, clock),
    )


def _each(
    handle: Callable[[Connection, Asked[Q]], R], connection: Connection, asked: Sequence[Asked[Q]]
) -> list[R | Refused]:
    answers: list[R | Refused] = []
    for each in asked:
        try:
            answers.append(handle(connection, each))
        except Refused as refused:
            answers.append(refused)
    return answers


def owner_of(connection: Connection, asked: Asked[Any]) -> int:
    """Whose scripts are meant: the grant says it, or to the administrator the address."""
    if asked.account:
        return asked.account
    if asked.caller != "admin":
        raise Refused(Code.FORBIDDEN, "a grant is needed")
    try:
        address = canonical(asked.request.address)
    except AddressError as error:
        raise Refused(Code.NOT_FOUND, f"there is no account {asked.request.address}") from error
    number = accounts.ids(connection, [address]).get(address)
    if number is None:
        raise Refused(Code.NOT_FOUND, f"there is no account {address}")
    return number


def listing(connection: Connection, asked: Asked[ListRequest]) -> Listed:
    """All scripts, by name."""
    return Listed(tuple([Script(*row) for row in scripts.listing(connection, owner_of(connection, asked))]))


def get(connection: Connection, asked: Asked[Get]) -> Text:
    """The text of a script."""
    octets = scripts.read(connection, owner_of(connection, asked), asked.request.name)
    if octets is None:
        raise _missing(asked.request.name)
    return Text(octets)


def have_space(settings: config.Sieve, connection: Connection, asked: Asked[HaveSpace]) -> Done:
    """Whether a script of this name and size would be taken."""
    owner, request = owner_of(connection, asked), asked.request
    _fits(settings, connection, owner, _valid(request.name), request.size)
    return Done()


def put(settings: config.Sieve, memory: Memory, work: UnitOfWork, asked: Asked[Put]) -> Done:
    """Store a script."""
    owner, request = owner_of(work.connection, asked), asked.request
    _fits(settings, work.connection, owner, _valid(request.name), len(request.octets))
    is_new = scripts.is_active(work.connection, owner, request.name) is None
    if scripts.put(work.connection, work.now, owner, request.name, request.octets):
        memory.rerouting(work, "")
    if is_new:
        mailbox_scripts.resolve(work.connection, [owner])
    return Done()


def rename(work: UnitOfWork, asked: Asked[Rename]) -> Done:
    """Give a script another name; an active one stays active."""
    owner, request = owner_of(work.connection, asked), asked.request
    if scripts.is_active(work.connection, owner, request.name) is None:
        raise _missing(request.name)
    if scripts.is_active(work.connection, owner, _valid(request.to)) is not None:
        raise Refused(Code.ALREADY_EXISTS, f"there is a script {request.to!r} already")
    scripts.rename(work.connection, owner, request.name, request.to)
    mailbox_scripts.resolve(work.connection, [owner])
    return Done()


def delete(work: UnitOfWork, asked: Asked[Delete]) -> Done:
    """Remove a script that is not active."""
    owner, name = owner_of(work.connection, asked), asked.request.name
    active = scripts.is_active(work.connection, owner, name)
    if active is None:
        raise _missing(name)
    if active:
        raise Refused(Code.IN_USE, f"{name!r} is the active script")
    scripts.remove(work.connection, owner, name)
    mailbox_scripts.resolve(work.connection, [owner])
    return Done()


def activate(memory: Memory, work: UnitOfWork, asked: Asked[Activate]) -> Done:
    """Let a script, or none, be the active one."""
    owner, name = owner_of(work.connection, asked), asked.request.name
    if name and scripts.is_active(work.connection, owner, name) is None:
        raise _missing(name)
    scripts.activate(work.connection, owner, name)
    memory.rerouting(work, "")
    return Done()


def log(connection: Connection, asked: Asked[LogRequest]) -> Log:
    """The newest lines, the newest first."""
    owner, most = owner_of(connection, asked), max(1, min(asked.request.limit, sieve_log.KEPT))
    return Log(tuple([LogLine(*line) for line in sieve_log.newest(connection, owner, most)]))


def _missing(name: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"there is no script {name[:100]!r}")


def _valid(name: str) -> str:
    if not is_name(name):
        raise Refused(Code.CANNOT, "no script can have this name")
    return name


def _fits(settings: config.Sieve, connection: Connection, owner: int, name: str, size: int) -> None:
    if size > settings.script:
        raise Refused(Code.LIMIT, f"a script has at most {settings.script} octets", Limit.SIZE)
    if scripts.count_others(connection, owner, name) >= settings.scripts:
        raise Refused(Code.LIMIT, f"an account has at most {settings.scripts} scripts", Limit.SCRIPTS)
