"""What accounts remember for a while: whom they answered, what they have seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from services.storage.tables.sieve import sieve_memory

MANY = 500

Key = tuple[int, str]  # account, key

LIVE = select(sieve_memory.c.account_id, sieve_memory.c.key).where(
    sieve_memory.c.account_id.in_(bindparam("accounts", expanding=True)),
    sieve_memory.c.key.in_(bindparam("keys", expanding=True)),
    sieve_memory.c.until > bindparam("now"),
)
FORGET = delete(sieve_memory).where(
    sieve_memory.c.account_id == bindparam("owner"), sieve_memory.c.key == bindparam("what")
)
ADD = insert(sieve_memory)
OLD = (
    select(sieve_memory.c.account_id, sieve_memory.c.key).where(sieve_memory.c.until <= bindparam("now")).limit(MANY)
)
REMOVE_ALL = delete(sieve_memory).where(sieve_memory.c.account_id == bindparam("owner"))


def live(connection: Connection, now: float, keys: Collection[Key]) -> set[Key]:
    """Which of ``keys`` are remembered now."""
    if not keys:
        return set()
    given = {"accounts": list({key[0] for key in keys}), "keys": list({key[1] for key in keys}), "now": int(now)}
    return {(owner, key) for owner, key in connection.execute(LIVE, given)} & set(keys)


def keep(connection: Connection, until: Mapping[Key, int]) -> None:
    """Remember each of these until its time (Unix seconds), whatever was known of it."""
    if until:
        connection.execute(FORGET, [{"owner": owner, "what": key} for owner, key in until])
        connection.execute(
            ADD, [{"account_id": owner, "key": key, "until": end} for (owner, key), end in until.items()]
        )


def forget(connection: Connection, now: float) -> int:
    """Remove some whose time is over; how many."""
    old = connection.execute(OLD, {"now": int(now)}).all()
    if old:
        connection.execute(FORGET, [{"owner": owner, "what": key} for owner, key in old])
    return len(old)


def remove_all(connection: Connection, owner: int) -> None:
    """Remove all that an account remembers."""
    connection.execute(REMOVE_ALL, {"owner": owner})
