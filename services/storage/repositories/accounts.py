"""Accounts: their rows, and what logins and grants need of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from services.storage.engines.database import Reach
from services.storage.registry import read, write
from services.storage.tables.schema import account, domain
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat

NOBODY = frozenset[str]()  # operations of our own have no callers on the bus


class StateRequest(NamedTuple):
    account: int


class State(NamedTuple):
    """``version`` is None for an account that is not there or not enabled."""

    version: int | None
    address: str = ""


class CredentialRequest(NamedTuple):
    address: str


class Credential(NamedTuple):
    """What a login is checked against; ``account`` is 0 where there is none."""

    account: int
    address: str
    version: int
    enabled: bool
    secret: str
    scram: str = ""  # verifiers, see rules/scram.py
    apop: bytes = b""  # the sealed password of an account that asked for APOP


class Rehash(NamedTuple):
    """``old`` is what the password was verified against: if it is not there any more, nothing is replaced."""

    account: int
    old: str
    new: str
    scram: str


class NewAccount(NamedTuple):
    address: str
    secret: str
    scram: str
    quota: int
    message_quota: int = 0


STATES = select(account.c.id, account.c.version, account.c.address).where(
    account.c.id.in_(bindparam("ids", expanding=True)), account.c.enabled.is_(True)
)
CREDENTIALS = select(
    account.c.address,
    account.c.id,
    account.c.version,
    account.c.enabled,
    account.c.secret,
    account.c.scram,
    func.coalesce(account.c.apop, b""),
).where(account.c.address.in_(bindparam("names", expanding=True)))
DOMAINS = select(domain.c.name, domain.c.id).where(domain.c.name.in_(bindparam("names", expanding=True)))
IDS = select(account.c.address, account.c.id).where(account.c.address.in_(bindparam("names", expanding=True)))
ADD = insert(account)
REPLACE = (
    update(account)
    .where(account.c.id == bindparam("of"), account.c.secret == bindparam("known"))
    .values(secret=bindparam("better"), scram=bindparam("proofs"))
)


def states(connection: Connection, asked: Sequence[Asked[StateRequest]]) -> Sequence[State]:
    """The present states of accounts."""
    rows = connection.execute(STATES, {"ids": list({each.request.account for each in asked})})
    found = {id: State(version, address) for id, version, address in rows}
    return [found.get(each.request.account, State(None)) for each in asked]


def credentials(connection: Connection, asked: Sequence[Asked[CredentialRequest]]) -> Sequence[Credential]:
    """What logins under canonical addresses are checked against."""
    rows = connection.execute(CREDENTIALS, {"names": list({each.request.address for each in asked})})
    found = {address: Credential(id, address, *rest) for address, id, *rest in rows}
    return [found.get(each.request.address, Credential(0, each.request.address, 0, False, "")) for each in asked]


STATE = read(Op("account.state", StateRequest, State, NOBODY, 8.0, Repeat.SAFE), states)
CREDENTIAL = read(Op("account.credential", CredentialRequest, Credential, NOBODY, 8.0, Repeat.SAFE), credentials)


def domains(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """Domain ids by name."""
    return dict(connection.execute(DOMAINS, {"names": list(names)}).all())


def ids(connection: Connection, addresses: Collection[str]) -> dict[str, int]:
    """Account ids by address, of those that are there."""
    return dict(connection.execute(IDS, {"names": list(addresses)}).all())


def add(connection: Connection, now: float, new: Sequence[NewAccount], domain_ids: dict[str, int]) -> list[int]:
    """Write accounts whose addresses are free and whose domains are ours; their ids."""
    rows: list[dict[str, Any]] = [
        {
            "domain_id": domain_ids[each.address.rpartition("@")[2]],
            "address": each.address,
            "secret": each.secret,
            "scram": each.scram,
            "quota": each.quota,
            "message_quota": each.message_quota,
            "created": int(now),
        }
        for each in new
    ]
    connection.execute(ADD, rows)
    given = ids(connection, [each.address for each in new])
    return [given[each.address] for each in new]


def rehash(work: UnitOfWork, asked: Sequence[Asked[Rehash]]) -> Sequence[Done]:
    """Replace secrets by newer hashes of the same passwords. The versions stay, and with them all grants."""
    rows = [
        {"of": request.account, "known": request.old, "better": request.new, "proofs": request.scram}
        for request in (each.request for each in asked)
    ]
    work.connection.execute(REPLACE, rows)
    return [Done()] * len(asked)


REHASH = write(
    Op("account.rehash", Rehash, Done, NOBODY, 8.0, Repeat.SAFE),
    rehash,
    reach=lambda asked: Reach((asked.request.account,)),
)
