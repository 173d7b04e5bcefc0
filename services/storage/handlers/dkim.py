"""The dkim family: keys made, shown, lent.

Invariants:
1. Of each algorithm at most one key of a domain signs at any moment.
2. A retired key's record stays listed for `KEEP` seconds: mail that it signed is still on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from time import gmtime, strftime, time
from typing import Any, NamedTuple

import trio
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from services.storage import dkim as keys
from services.storage.dkim import NewKey
from services.storage.handlers import directory
from services.storage.handlers.domains import domain_name
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, read, task, write
from services.storage.resolver import Resolver
from services.storage.rooms import Rooms
from services.storage.tables.schema import domain
from services.storage.tables.submission import dkim_key
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import dkim as contract
from shared.contracts.directory import MaySend
from shared.contracts.dkim import (
    Generate,
    Key,
    Keys,
    ListRequest,
    PrivateKey,
    SealingRequest,
    SigningKeys,
    SigningRequest,
)
from shared.contracts.errors import Code, Refused
from shared.contracts.op import Op, Repeat
from shared.mail.address import AddressError, parse_address

KEEP = 30 * 86_400  # seconds
NOBODY: frozenset[str] = frozenset()
SHOWN = (
    domain.c.name,
    dkim_key.c.selector,
    dkim_key.c.algorithm,
    dkim_key.c.record,
    dkim_key.c.created,
    dkim_key.c.signs_from,
    dkim_key.c.signs_until,
)
LIST = select(*SHOWN).join_from(dkim_key, domain).order_by(domain.c.name, dkim_key.c.created, dkim_key.c.selector)
SECRETS = select(dkim_key.c.selector, dkim_key.c.secret, dkim_key.c.signs_from, dkim_key.c.signs_until).join_from(
    dkim_key, domain
)


SEALERS = (
    select(domain.c.name, dkim_key.c.selector, dkim_key.c.secret, dkim_key.c.signs_from, dkim_key.c.signs_until)
    .join_from(dkim_key, domain)
    .where(dkim_key.c.algorithm == "rsa")  # what all who check seals can check
    .order_by(domain.c.name)
)


class Add(NamedTuple):
    """Fresh keys to be written down."""

    request: Generate
    made: tuple[NewKey, ...]


def rows(server_key: bytes, resolver: Resolver, rooms: Rooms) -> tuple[AnyRow, ...]:
    adding = write(
        Op("dkim.add", Add, Keys, NOBODY, 10.0, Repeat.NEVER), partial(one_by_one, partial(_add, server_key))
    )
    return (
        task(contract.generate, partial(generate, rooms, adding)),
        read(contract.listing, listing),
        read(contract.signing, partial(signing, server_key, resolver)),
        read(contract.sealing, partial(sealing, server_key)),
    )


async def generate(rooms: Rooms, adding: AnyRow, asked: Asked[Generate]) -> Keys:
    """Make keys beside the loop and the writer, then write them down."""
    made = [await trio.to_thread.run_sync(keys.make, algorithm) for algorithm in keys.ALGORITHMS]
    added: Keys = await rooms.ask(adding, Add(asked.request, tuple(made)))
    return added


def _add(server_key: bytes, work: UnitOfWork, asked: Asked[Add]) -> Keys:
    request, now, connection = asked.request.request, int(work.now), work.connection
    name = domain_name(request.domain)
    number = connection.execute(select(domain.c.id).where(domain.c.name == name)).scalar()
    if number is None:
        raise Refused(Code.NOT_FOUND, f"{name} is no domain of ours")
    here = dkim_key.c.domain_id == number
    taken = set(connection.execute(select(dkim_key.c.selector).where(here)).scalars())
    if taken and not request.rotate:
        raise Refused(Code.ALREADY_EXISTS, f"{name} has keys; rotate them")
    start = now + max(0, request.after) if taken else now
    connection.execute(delete(dkim_key).where(here, dkim_key.c.signs_until.between(1, now - KEEP)))
    connection.execute(delete(dkim_key).where(here, dkim_key.c.signs_from > now))  # a rotation that this one replaces
    connection.execute(
        update(dkim_key)
        .where(here, or_(dkim_key.c.signs_until == 0, dkim_key.c.signs_until > now))
        .values(signs_until=start)
    )
    for new in asked.request.made:
        selector = _selector(new.algorithm, now, taken)
        taken.add(selector)
        row = {
            "domain_id": number,
            "selector": selector,
            "algorithm": new.algorithm,
            "secret": keys.seal(server_key, name, selector, new.secret),
            "record": new.record,
            "created": now,
            "signs_from": start,
            "signs_until": 0,
        }
        connection.execute(insert(dkim_key), row)
    return _list(connection, name)


def _selector(algorithm: str, now: int, taken: set[str]) -> str:
    """Year, month and the algorithm's letter: ``202611r``; a number is added where that is taken."""
    plain = strftime("%Y%m", gmtime(now)) + algorithm[0]
    names = [plain, *(f"{plain}{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def listing(connection: Connection, asked: Sequence[Asked[ListRequest]]) -> Sequence[Keys]:
    """Keys as the DNS must have them."""
    return [_list(connection, each.request.domain) for each in asked]


def _list(connection: Connection, name: str) -> Keys:
    query = LIST.where(domain.c.name == func.lower(name)) if name else LIST
    return Keys(tuple([Key(*row) for row in connection.execute(query)]))


def signing(
    server_key: bytes, resolver: Resolver, connection: Connection, asked: Sequence[Asked[SigningRequest]]
) -> Sequence[SigningKeys | Refused]:
    """Lend the keys of an address that the account may send as."""
    questions = [Asked(MaySend(b"", (each.request.address,)), each.caller, each.account) for each in asked]
    allowed = directory.may_send(resolver, connection, questions)
    return [
        _lend(server_key, connection, each.request.address)
        if may.allowed[0]
        else Refused(Code.FORBIDDEN, "the account may not send as this address")
        for each, may in zip(asked, allowed, strict=True)
    ]


def sealing(
    server_key: bytes, connection: Connection, asked: Sequence[Asked[SealingRequest]]
) -> Sequence[SigningKeys]:
    """Lend the key that seals: of the domain that our host's name lies in, or of the first that has one."""
    now = int(time())
    query = SEALERS.where(
        dkim_key.c.signs_from <= now, or_(dkim_key.c.signs_until == 0, dkim_key.c.signs_until > now)
    )
    rows = connection.execute(query).all()
    return [_sealer(server_key, rows, each.request.hostname.lower()) for each in asked]


def _sealer(server_key: bytes, rows: Sequence[Any], hostname: str) -> SigningKeys:
    above = [row for row in rows if f".{hostname}".endswith(f".{row.name}")]
    for name, selector, secret, first, until in above or rows:
        private = PrivateKey(selector, keys.unseal(server_key, name, selector, secret), first, until)
        return SigningKeys(name, (private,))
    return SigningKeys("", ())


def _lend(server_key: bytes, connection: Connection, address: str) -> SigningKeys | Refused:
    try:
        name = parse_address(address).domain
    except AddressError:
        return Refused(Code.CANNOT, "this is no address")
    lent = [
        PrivateKey(selector, keys.unseal(server_key, name, selector, secret), first, until)
        for selector, secret, first, until in connection.execute(SECRETS.where(domain.c.name == name))
    ]
    return SigningKeys(name, tuple(lent))
