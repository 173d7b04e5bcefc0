"""Where an address ends: accounts, aliases, subaddresses and catch-alls, worked out from facts that were looked up.

What serves an address, first match wins: what a rewritten sender of ours stands for, an alias of that name, an
account of that name, both again without the subaddress, the domain's catch-all; a postmaster's, whoever stands in for
him (`services.storage.rules.postmaster`). An alias that names itself means the account of its own name; loops are cut
where they close.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.storage.rules.addresses import split_detail
from services.storage.rules.postmaster import POSTMASTER, is_postmaster
from shared.contracts.directory import Kind, Resolution
from shared.mail.address import AddressError, canonical


class AccountFact(NamedTuple):
    id: int
    address: str
    limited: bool  # has a quota
    full: bool
    script: str = ""  # hash of the active one
    refuses: bool = False  # that one may refuse a letter


@dataclass
class Facts:
    """What the directory says of the names that were looked up; a name that is missing is not there."""

    domains: dict[str, str] = field(default_factory=dict)  # catch-all ("" for none) by name
    accounts: dict[str, AccountFact] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    senders: dict[str, tuple[int, ...]] = field(default_factory=dict)  # accounts that may send as an address
    first_domain: str = ""  # "" for none; looked up for postmasters only, as the following
    postmasters: tuple[str, ...] = ()  # who may be the postmaster of the house, best first


class Found(NamedTuple):
    """A resolution with what its users must know besides."""

    resolution: Resolution
    by_catch_all: bool  # nobody has claimed this name for himself: its mail is read by somebody who stands in
    limited: bool  # may turn full: not to be remembered for long
    senders: tuple[int, ...] = ()  # accounts that may send as this, beside those it ends in


@dataclass
class _Ends:
    accounts: dict[int, AccountFact] = field(default_factory=dict)
    forwards: dict[str, None] = field(default_factory=dict)  # ordered
    seen: set[str] = field(default_factory=set)

    @property
    def nowhere(self) -> bool:
        return not (self.accounts or self.forwards)


def names_of(address: str, separator: str) -> tuple[str, ...]:
    """The names under which ``address`` is to be looked up."""
    base, _ = split_detail(address, separator)
    return (address,) if base == address else (address, base)


def resolve(
    asked: str,
    facts: Facts,
    separator: str,
    deepest: int,
    rewritten: Callable[[str], str | None] = lambda address: None,
) -> Found:
    """Where ``asked`` ends. ``facts`` hold all names on the way; ``rewritten`` says whom a forward's sender means."""
    if asked.lower() == POSTMASTER and facts.first_domain:
        asked = f"{POSTMASTER}@{facts.first_domain}"
    try:
        address = canonical(asked)
    except AddressError:
        return Found(Resolution(asked, Kind.FOREIGN), False, False)
    domain = address.rpartition("@")[2]
    if domain not in facts.domains:
        return Found(Resolution(asked, Kind.FOREIGN), False, False)
    sender = rewritten(address)
    if sender is not None:
        return Found(Resolution(asked, Kind.LOCAL, forwards=(sender,)), False, False)
    ends = _Ends()
    by_catch_all = _follow(address, facts, separator, deepest, ends)
    if ends.nowhere and is_postmaster(address, separator):
        ends, by_catch_all = _stand_in(facts, separator, deepest), True
    _, detail = split_detail(address, separator)
    limited = any(a.limited for a in ends.accounts.values())
    return Found(_resolution(asked, detail, ends), by_catch_all, limited, facts.senders.get(address, ()))


def _resolution(asked: str, detail: str, ends: _Ends) -> Resolution:
    accounts = list(ends.accounts.values())
    if ends.nowhere:
        return Resolution(asked, Kind.UNKNOWN, detail=detail)
    full = not ends.forwards and all(account.full for account in accounts)
    return Resolution(
        asked,
        Kind.FULL if full else Kind.LOCAL,
        tuple(account.id for account in accounts),
        tuple(account.address for account in accounts),
        tuple(ends.forwards),
        detail,
        tuple(account.script for account in accounts) if any(account.script for account in accounts) else (),
        bool(accounts) and not ends.forwards and all(account.refuses for account in accounts),
    )


def _follow(address: str, facts: Facts, separator: str, deeper: int, ends: _Ends) -> bool:
    """Collect the ends of ``address``; whether only the catch-all took it."""
    if address in ends.seen or deeper < 0:
        return False
    ends.seen.add(address)
    domain = address.rpartition("@")[2]
    if domain not in facts.domains:
        ends.forwards[address] = None
        return False
    for name in names_of(address, separator):
        if name in facts.aliases:
            _follow_alias(name, facts, separator, deeper, ends)
            return False
        if name in facts.accounts:
            account = facts.accounts[name]
            ends.accounts[account.id] = account
            return False
    if catch_all := facts.domains[domain]:
        _follow(catch_all, facts, separator, deeper - 1, ends)
        return True
    return False


def _stand_in(facts: Facts, separator: str, deepest: int) -> _Ends:
    """Where the mail of a postmaster ends whom nobody has named."""
    ends = _Ends()
    for candidate in facts.postmasters:
        _follow(candidate, facts, separator, deepest, ends)
        if not ends.nowhere:
            break
    return ends


def _follow_alias(name: str, facts: Facts, separator: str, deeper: int, ends: _Ends) -> None:
    for target in facts.aliases[name]:
        if target == name:
            if name in facts.accounts:
                account = facts.accounts[name]
                ends.accounts[account.id] = account
        else:
            _follow(target, facts, separator, deeper - 1, ends)
