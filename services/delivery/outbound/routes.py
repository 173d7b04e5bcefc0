"""Where mail for a domain goes (RFC 5321 section 5, RFC 7505). Pure: others ask the DNS, the dice are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from services.delivery.outbound.config import OutboundSettings, RouteSettings
from services.delivery.outbound.trouble import Undeliverable
from shared.protocols.dns import Answer, Exchange

Dice = Callable[[int], int]  # a number from 0 up to, but not including, its argument

SMARTHOST = "*"


class NextHop(NamedTuple):
    """A destination: whatever shares it shares connections. ``host`` is a domain with MX records if ``by_mx``."""

    host: str
    port: int
    by_mx: bool
    tls: str
    username: str = ""
    password: str = ""
    required: bool = False  # for letters that may not go without TLS (RFC 8689)
    lax: bool = False  # for letters that shall arrive whatever the destination demands of TLS (RFC 8689 section 4.2)

    @property
    def name(self) -> str:
        """For logs."""
        return self.host if self.by_mx else f"{self.host}:{self.port}"


class Server(NamedTuple):
    """One address of one host to try. ``secure``: the DNS answers that led here were validated."""

    host: str
    address: str
    port: int
    secure: bool = False

    def __str__(self) -> str:
        return f"{self.host}[{self.address}]:{self.port}"


class Routes:
    """The routes that the settings name, and MX for all others."""

    def __init__(self, settings: OutboundSettings) -> None:
        self._port = settings.port
        self._tls = settings.tls
        self._fixed: Mapping[str, NextHop] = {route.domain.lower(): _fixed(route) for route in settings.routes}

    def next_hop(self, domain: str) -> NextHop:
        """For a canonical ``domain``, or an address literal."""
        fixed = self._fixed.get(domain) or self._fixed.get(SMARTHOST)
        return fixed or NextHop(domain, self._port, not domain.startswith("["), self._tls)


def _fixed(route: RouteSettings) -> NextHop:
    return NextHop(route.host, route.port, False, route.tls, route.username, route.password)


def hosts(domain: str, answer: Answer, ourselves: str, dice: Dice) -> list[str]:
    """Host names in the order to be tried, from the answer to the MX question. Raises `Undeliverable`.

    Without MX records the domain is its own host. Servers no better than we are not tried (section 5.1), equally good
    ones in random order.
    """
    if answer.failed:
        raise Undeliverable("4.4.3", f"the DNS does not say who takes mail for {domain}")
    if not answer.exchanges:
        if answer.status.value == "nxdomain":
            raise Undeliverable("5.1.2", f"there is no domain {domain}")
        return [domain]
    if all(not exchange.host for exchange in answer.exchanges):
        raise Undeliverable("5.1.10", f"{domain} takes no mail (null MX)")
    exchanges = sorted((each for each in answer.exchanges if each.host), key=lambda each: each.preference)
    better = list(_better(exchanges, ourselves))
    if not better:
        raise Undeliverable("5.4.6", f"mail for {domain} comes back to us")
    found: list[str] = []
    for _, equal in groupby(better, key=lambda each: each.preference):
        found += shuffled([each.host for each in equal], dice)
    return found


def _better(exchanges: Sequence[Exchange], ourselves: str) -> Iterable[Exchange]:
    own = min((each.preference for each in exchanges if each.host.lower() == ourselves.lower()), default=None)
    return [each for each in exchanges if own is None or each.preference < own]


def shuffled(names: Sequence[str], dice: Dice) -> list[str]:
    """``names`` in random order (Fisher and Yates)."""
    found = list(names)
    for last in range(len(found) - 1, 0, -1):
        other = dice(last + 1)
        found[last], found[other] = found[other], found[last]
    return found


def addresses(six: Answer, four: Answer) -> list[str]:
    """The addresses of one host in turns, IPv6 first: if one family leads nowhere, the second try is the other's."""
    found: list[str] = []
    for place in range(max(len(six.addresses), len(four.addresses))):
        found += six.addresses[place : place + 1]
        found += four.addresses[place : place + 1]
    return found
