"""Facts of the directory for many addresses at once: a few statements for each step along aliases."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, bindparam, select

from services.storage.rules.postmaster import NOBODY, Appointed, candidates, is_postmaster
from services.storage.rules.quota import is_full
from services.storage.rules.resolution import AccountFact, Facts, names_of
from services.storage.tables.schema import account, alias, domain
from services.storage.tables.sending import send_as
from services.storage.tables.sieve import IS_ACTIVE, sieve_script
from shared.mail.address import AddressError, canonical

DOMAINS = select(domain.c.name, domain.c.catch_all).where(domain.c.name.in_(bindparam("names", expanding=True)))
ACCOUNTS = (
    select(
        account.c.address,
        account.c.id,
        account.c.quota,
        account.c.octets,
        account.c.message_quota,
        account.c.messages,
        sieve_script.c.hash,
        sieve_script.c.refuses,
    )
    .outerjoin(sieve_script, and_(sieve_script.c.account_id == account.c.id, IS_ACTIVE))
    .where(account.c.address.in_(bindparam("names", expanding=True)))
)
ALIASES = (
    select(alias.c.address, alias.c.target)
    .where(alias.c.address.in_(bindparam("names", expanding=True)))
    .order_by(alias.c.address, alias.c.target)
)

SENDERS = select(send_as.c.address, send_as.c.account_id).where(
    send_as.c.address.in_(bindparam("names", expanding=True))
)


FIRST_DOMAIN = select(domain.c.name).order_by(domain.c.id).limit(1)
FIRST_ACCOUNT = select(account.c.address).where(account.c.enabled).order_by(account.c.id).limit(1)


def load(
    connection: Connection, asked: Collection[str], separator: str, deepest: int, appointed: Appointed = NOBODY
) -> Facts:
    """All facts needed to resolve ``asked``, which may be any text; postmasters cost two statements more."""
    facts = Facts()
    seen: set[str] = set()
    pending = {address for text in asked if (address := _canonical(text)) is not None}
    if any(is_postmaster(text, separator) for text in asked):
        facts.first_domain = connection.execute(FIRST_DOMAIN).scalar() or ""
        facts.postmasters = candidates(
            appointed, facts.first_domain, connection.execute(FIRST_ACCOUNT).scalar() or ""
        )
        pending.update(facts.postmasters)
    for _ in range(deepest + 2):
        pending -= seen
        if not pending:
            break
        seen |= pending
        pending = _step(connection, facts, pending, separator)
    return facts


def _step(connection: Connection, facts: Facts, addresses: set[str], separator: str) -> set[str]:
    """Look ``addresses`` up; the addresses that they lead to."""
    domains = {address.rpartition("@")[2] for address in addresses} - facts.domains.keys()
    if domains:
        facts.domains.update(connection.execute(DOMAINS, {"names": list(domains)}).all())
    ours = [address for address in addresses if address.rpartition("@")[2] in facts.domains]
    if not ours:
        return set()
    names = list({name for address in ours for name in names_of(address, separator)})
    for row in connection.execute(ACCOUNTS, {"names": names}):
        full = is_full(row.quota, row.octets) or is_full(row.message_quota, row.messages)
        limited = bool(row.quota or row.message_quota)
        facts.accounts[row.address] = AccountFact(
            row.id, row.address, limited, full, row.hash or "", bool(row.refuses)
        )
    for address, number in connection.execute(SENDERS, {"names": names}):
        facts.senders[address] = (*facts.senders.get(address, ()), number)
    targets: dict[str, list[str]] = {}
    for address, target in connection.execute(ALIASES, {"names": names}):
        targets.setdefault(address, []).append(target)
    facts.aliases.update({address: tuple(some) for address, some in targets.items()})
    onward = {target for some in targets.values() for target in some}
    onward.update(facts.domains[address.rpartition("@")[2]] for address in ours)
    onward.discard("")
    return onward


def _canonical(text: str) -> str | None:
    try:
        return canonical(text)
    except AddressError:
        return None
