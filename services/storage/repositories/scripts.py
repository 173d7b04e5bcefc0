"""Sieve scripts, by account and name.

Invariant: ``hash`` is that of ``octets``; of one account at most one row is active.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from services.storage.tables.sieve import IS_ACTIVE, sieve_script

REFUSING = b"reject"  # no script can require reject or ereject without it

OWN = sieve_script.c.account_id == bindparam("owner")
NAMED = OWN & (sieve_script.c.name == bindparam("called"))

LIST = (
    select(
        sieve_script.c.name,
        sieve_script.c.active,
        func.length(sieve_script.c.octets),
        sieve_script.c.modified,
        sieve_script.c.hash,
    )
    .where(OWN)
    .order_by(sieve_script.c.name)
)
ACTIVE = select(sieve_script.c.account_id, sieve_script.c.hash, sieve_script.c.octets).where(
    sieve_script.c.account_id.in_(bindparam("owners", expanding=True)), IS_ACTIVE
)
READ = select(sieve_script.c.octets).where(NAMED)
STATE = select(sieve_script.c.active).where(NAMED)
COUNT_OTHERS = select(func.count()).where(OWN, sieve_script.c.name != bindparam("called"))
ADD = insert(sieve_script)
REPLACE = update(sieve_script).where(NAMED)
RETIRE = update(sieve_script).where(OWN, IS_ACTIVE).values(active=False)
PROMOTE = update(sieve_script).where(NAMED).values(active=True)
REMOVE = delete(sieve_script).where(NAMED)
REMOVE_ALL = delete(sieve_script).where(OWN)


class Listed(NamedTuple):
    name: str
    active: bool
    size: int
    modified: int
    hash: str


def listing(connection: Connection, owner: int) -> list[Listed]:
    """All scripts of an account, by name."""
    return [Listed(*row) for row in connection.execute(LIST, {"owner": owner})]


def read(connection: Connection, owner: int, name: str) -> bytes | None:
    """The text of a script, None when there is none of this name."""
    octets: bytes | None = connection.execute(READ, {"owner": owner, "called": name}).scalar()
    return octets


def active(connection: Connection, owners: Collection[int]) -> dict[int, tuple[str, bytes]]:
    """Hash and text of the active scripts of accounts that have one."""
    rows = connection.execute(ACTIVE, {"owners": list(owners)})
    return {owner: (hash, octets) for owner, hash, octets in rows}


def is_active(connection: Connection, owner: int, name: str) -> bool | None:
    """Whether the script is the active one; None when there is none of this name."""
    active: bool | None = connection.execute(STATE, {"owner": owner, "called": name}).scalar()
    return active


def count_others(connection: Connection, owner: int, name: str) -> int:
    """How many scripts the account has besides the one called ``name``."""
    count: int = connection.execute(COUNT_OTHERS, {"owner": owner, "called": name}).scalar_one()
    return count


def put(connection: Connection, now: float, owner: int, name: str, octets: bytes) -> bool:
    """Write a script; whether it is the active one."""
    active = is_active(connection, owner, name)
    values = {
        "octets": octets,
        "hash": sha256(octets).hexdigest(),
        "modified": int(now),
        "refuses": REFUSING in octets,
    }
    if active is None:
        connection.execute(ADD, {"account_id": owner, "name": name, **values})
    else:
        connection.execute(REPLACE.values(values), {"owner": owner, "called": name})
    return bool(active)


def rename(connection: Connection, owner: int, name: str, to: str) -> None:
    """Give a script that is there a name that is free."""
    connection.execute(REPLACE.values(name=to), {"owner": owner, "called": name})


def activate(connection: Connection, owner: int, name: str) -> None:
    """Make a script that is there the active one; "" for none."""
    connection.execute(RETIRE, {"owner": owner})
    if name:
        connection.execute(PROMOTE, {"owner": owner, "called": name})


def remove(connection: Connection, owner: int, name: str) -> None:
    """Remove one script."""
    connection.execute(REMOVE, {"owner": owner, "called": name})


def remove_all(connection: Connection, owner: int) -> None:
    """Remove all that an account has."""
    connection.execute(REMOVE_ALL, {"owner": owner})
