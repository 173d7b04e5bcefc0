"""Failed logins: who must wait, and for how long.

Counted are failures of an address (IPv6: of its /64), of a user from one network, and how many distinct users fail
from one network (/24, /48). The same wrong password for the same user from the same address, tried again, does not
count: it is a forgotten device, not a guess. Users are known here by a keyed hash only.

A user who has logged in from a network today is let in from there whatever others do in it.

How long an answer is held follows from how often the address has failed since somebody got in from there. What others
count, and whom they let in, is known when it is loaded; until then an answer is held for too short a time. (A good
login after which the address failed again before that was loaded is not seen: then the answer is held for longer.)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.base.ip import ip_address, unmapped

DAY = 86_400
HOUR = 3_600
MOST = 100_000  # scopes remembered; beyond, the counts of the day begin anew
MOST_PAIRS = 100_000  # of address and user, whose wrong passwords are remembered; beyond, they are forgotten
MOST_TRIED = 20  # wrong passwords remembered for one user and address
ADDRESS = "ip:"


class Limits(NamedTuple):
    delays: tuple[float, ...]
    failures_per_address: int
    failures_per_user: int
    users_per_network: int
    trusted: tuple[str, ...]


class Origin(NamedTuple):
    """Where a login comes from, as scopes to count under."""

    address: str  # "ip:192.0.2.1"
    network: str  # "net:192.0.2.0/24"
    trusted: bool


class Failure(NamedTuple):
    """What a failed login costs: seconds to hold the answer, and the scopes whose counts grew."""

    delay: float
    counted: tuple[str, ...]


@dataclass
class _Day:
    number: int
    counts: dict[str, int] = field(default_factory=dict)
    welcome: set[tuple[str, str]] = field(default_factory=set)  # (network, user)
    tried: dict[tuple[str, str], set[bytes]] = field(default_factory=dict)  # (address, user)


class Throttle:
    """All counts as one storage process knows them. Times are Unix seconds."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._trusted = [ipaddress.ip_network(text) for text in limits.trusted]
        self._day = _Day(0)
        self._cleared: dict[str, int] = {}  # how many of an address's failures were before its last good login
        self._failing: dict[str, dict[str, float]] = {}  # users by network, with the time of their last failure

    def origin(self, remote: str) -> Origin:
        """The scopes of a client's address; one that cannot be read is a scope of its own."""
        try:
            address = unmapped(ip_address(remote))
        except ValueError:
            return Origin(f"{ADDRESS}?", "net:?", False)
        trusted = any(address in network for network in self._trusted)
        if address.version == 4:
            return Origin(f"{ADDRESS}{address}", f"net:{ipaddress.ip_network((address, 24), strict=False)}", trusted)
        host = ipaddress.ip_network((address, 64), strict=False)
        return Origin(f"{ADDRESS}{host}", f"net:{ipaddress.ip_network((address, 48), strict=False)}", trusted)

    def load(self, now: float, failures: Iterable[tuple[str, int, float]]) -> None:
        """Take over what was counted today before this process began, or by another one: scope, failures, and the
        moment of the last one (negative: it was forgiven then)."""
        counts = self._today(now).counts
        for scope, count, last in failures:
            counts[scope] = max(count, counts.get(scope, 0))
            if scope.startswith(ADDRESS) and last < 0:
                self._cleared[scope] = max(count, self._cleared.get(scope, 0))
            user, separator, network = scope.removeprefix("user:").partition("|")
            if not separator:
                continue
            failing = self._failing.setdefault(network, {})
            if last > now - HOUR:
                failing[user] = max(last, failing.get(user, 0.0))
            elif -last > failing.get(user, 0.0):
                failing.pop(user, None)

    def wait(self, origin: Origin, user: str, now: float) -> int:
        """Seconds for which this login must not even be tried; 0: try it."""
        if origin.trusted:
            return 0
        day = self._today(now)
        until_midnight = DAY - int(now) % DAY
        if day.counts.get(origin.address, 0) >= self._limits.failures_per_address:
            return until_midnight
        if day.counts.get(_user_scope(origin, user), 0) >= self._limits.failures_per_user:
            return until_midnight
        if (origin.network, user) in day.welcome:
            return 0
        failing = self._failing.get(origin.network, {})
        others = [at for name, at in failing.items() if name != user and at > now - HOUR]
        if len(others) >= self._limits.users_per_network:
            return max(1, int(min(others) + HOUR - now))
        return 0

    def failed(self, origin: Origin, user: str, password: bytes, now: float) -> Failure:
        """Count a failure. ``password`` is a keyed hash of what was tried."""
        if origin.trusted:
            return Failure(0.0, ())
        day = self._today(now)
        if len(day.tried) >= MOST_PAIRS:
            day.tried.clear()
        tried = day.tried.setdefault((origin.address, user), set())
        again = password in tried
        if not again and len(tried) < MOST_TRIED:
            tried.add(password)
        counted = () if again else (origin.address, _user_scope(origin, user))
        for scope in counted:
            day.counts[scope] = day.counts.get(scope, 0) + 1
        if counted:
            self._failing.setdefault(origin.network, {})[user] = now
        delays = self._limits.delays
        return Failure(delays[min(max(self._in_a_row(day, origin), 1), len(delays)) - 1], counted)

    def succeeded(self, origin: Origin, user: str, now: float) -> tuple[str, ...]:
        """The user has shown that he belongs there; the scopes whose failures are forgiven."""
        day = self._today(now)
        day.welcome.add((origin.network, user))
        forgiven: list[str] = []
        if self._in_a_row(day, origin):
            self._cleared[origin.address] = day.counts[origin.address]
            forgiven.append(origin.address)
        if self._failing.get(origin.network, {}).pop(user, None) is not None:
            forgiven.append(_user_scope(origin, user))
        return tuple(forgiven)

    def _in_a_row(self, day: _Day, origin: Origin) -> int:
        """Failures of an address since its last good login, wherever they were counted."""
        return day.counts.get(origin.address, 0) - self._cleared.get(origin.address, 0)

    def _today(self, now: float) -> _Day:
        number = int(now) // DAY
        if number != self._day.number or len(self._day.counts) > MOST or len(self._day.welcome) > MOST:
            self._day = _Day(number)
            self._cleared.clear()
            self._failing = {
                network: users
                for network, users in self._failing.items()
                if max(users.values(), default=0) > now - HOUR
            }
        return self._day


def _user_scope(origin: Origin, user: str) -> str:
    return f"user:{user}|{origin.network}"
