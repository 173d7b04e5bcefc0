"""Who may send as whom: addresses of our domains that an account may use beside its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, delete, insert, select

from services.storage.memory import Memory
from services.storage.registry import AnyRow, read, write
from services.storage.tables.schema import account, domain
from services.storage.tables.sending import send_as
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import directory
from shared.contracts.directory import Done, Name, Sender, Senders
from shared.contracts.errors import Code, Refused
from shared.mail.address import AddressError, canonical

LIST = (
    select(send_as.c.address, account.c.address.label("account"))
    .join(account, account.c.id == send_as.c.account_id)
    .order_by(send_as.c.address, account.c.address)
)


def rows(memory: Memory) -> tuple[AnyRow, ...]:
    return (
        write(directory.sender_add, partial(add, memory)),
        write(directory.sender_remove, partial(remove, memory)),
        read(directory.sender_list, listing),
    )


def add(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Sender]]) -> Sequence[Done | Refused]:
    """Let accounts send as addresses; who may already, may still."""
    return [_add(memory, work, each.request) for each in asked]


def _add(memory: Memory, work: UnitOfWork, request: Sender) -> Done | Refused:
    found = _found(work.connection, request)
    if isinstance(found, Refused):
        return found
    address, number = found
    name = address.rpartition("@")[2]
    if work.connection.execute(select(domain.c.id).where(domain.c.name == name)).scalar() is None:
        return Refused(Code.NOT_FOUND, f"{name} is no domain of ours")
    work.connection.execute(delete(send_as).where(send_as.c.address == address, send_as.c.account_id == number))
    work.connection.execute(insert(send_as), {"address": address, "account_id": number})
    memory.rerouting(work, address)
    return Done()


def remove(memory: Memory, work: UnitOfWork, asked: Sequence[Asked[Sender]]) -> Sequence[Done | Refused]:
    """Let an account send as an address no longer."""
    return [_remove(memory, work, each.request) for each in asked]


def _remove(memory: Memory, work: UnitOfWork, request: Sender) -> Done | Refused:
    found = _found(work.connection, request)
    if isinstance(found, Refused):
        return found
    address, number = found
    gone = work.connection.execute(
        delete(send_as).where(send_as.c.address == address, send_as.c.account_id == number)
    )
    if not gone.rowcount:
        return Refused(Code.NOT_FOUND, f"{request.account} has no leave to send as {address}")
    memory.rerouting(work, address)
    return Done()


def _found(connection: Connection, request: Sender) -> tuple[str, int] | Refused:
    """The address in its canonical form, and the account's number."""
    try:
        address, owner = canonical(request.address), canonical(request.account)
    except AddressError as error:
        return Refused(Code.CANNOT, f"not an address: {error}")
    number = connection.execute(select(account.c.id).where(account.c.address == owner)).scalar()
    if number is None:
        return Refused(Code.NOT_FOUND, f"there is no account {owner}")
    return address, number


def listing(connection: Connection, asked: Sequence[Asked[Name]]) -> Sequence[Senders]:
    """Who may send as whom: of one account or address, or all ("")."""
    found = [Sender(row.address, row.account) for row in connection.execute(LIST)]
    return [
        Senders(tuple(each for each in found if one.request.name in ("", each.address, each.account)))
        for one in asked
    ]
