"""Where a name leads: whose mailbox it is, and what its owner calls it.

An account's own mailboxes have plain names. Those of others stand below "#user/", by address or, in one's own domain,
by local part: "#user/bob/Sent". The mailboxes of the account "shared" of one's domain stand below "#shared/" instead.
An owner whose local part holds a "/" has no such name, and shares nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from services.storage.rules import names
from services.storage.tables.schema import account
from shared.contracts.mailboxes import OTHERS, SHARED
from shared.mail.address import AddressError, canonical

COMMON = "shared"  # the account whose mailboxes a domain has in common

ADDRESS = select(account.c.address).where(account.c.id == bindparam("of"))
ACCOUNT = select(account.c.id).where(account.c.address == bindparam("address"))


class Place(NamedTuple):
    """``account`` is 0 where there is no such account."""

    account: int
    name: str


def find(connection: Connection, asker: int, name: str) -> Place:
    """Where ``name`` leads when the account ``asker`` says it."""
    space, _, rest = name.partition(names.SEPARATOR)
    if space == SHARED and rest:
        return Place(_account(connection, asker, COMMON), names.canonical(rest))
    who, separator, inner = rest.partition(names.SEPARATOR)
    if space != OTHERS or not separator:
        return Place(asker, names.canonical(name))
    return Place(_account(connection, asker, who), names.canonical(inner))


def _account(connection: Connection, asker: int, who: str) -> int:
    address = address_of(connection, asker, who)
    number: int | None = connection.execute(ACCOUNT, {"address": address}).scalar()
    return number or 0


def address_of(connection: Connection, asker: int, who: str) -> str:
    """The canonical address of somebody whom ``asker`` calls ``who``; "" for what cannot be one."""
    if "@" not in who:
        who = f"{who}@{domain_of(address_of_account(connection, asker))}"
    try:
        return canonical(who)
    except AddressError:
        return ""


def listed(connection: Connection, asker: int, name: str) -> str:
    """What a list calls the mailbox that ``asker`` calls ``name``: neighbours by local part, others by address."""
    space, _, rest = name.partition(names.SEPARATOR)
    who, _, inner = rest.partition(names.SEPARATOR)
    address = address_of(connection, asker, who) if space == OTHERS and inner else ""
    if not address:
        return name
    return outward(address, domain_of(address_of_account(connection, asker)), inner) or name


def address_of_account(connection: Connection, number: int) -> str:
    """The address of an account by its id; "" where there is none."""
    address: str | None = connection.execute(ADDRESS, {"of": number}).scalar()
    return address or ""


def domain_of(address: str) -> str:
    """The domain of an address."""
    return address.rpartition("@")[2]


def called(address: str, domain: str) -> str:
    """What somebody of ``domain`` calls the account ``address``."""
    local, _, its_domain = address.rpartition("@")
    return local if its_domain == domain and "@" not in local else address


def outward(address: str, domain: str, name: str) -> str:
    """What somebody of ``domain`` calls the mailbox that its owner ``address`` calls ``name``; or ""."""
    who = called(address, domain)
    if names.SEPARATOR in who:
        return ""
    if who == COMMON:
        return f"{SHARED}{names.SEPARATOR}{name}"
    return f"{OTHERS}{names.SEPARATOR}{who}{names.SEPARATOR}{name}"
