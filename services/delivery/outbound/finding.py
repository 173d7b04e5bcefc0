"""Asking the DNS for the servers of a destination."""

from __future__ import annotations

from typing import Protocol

from services.delivery.outbound.routes import Dice, NextHop, Server, addresses, hosts
from services.delivery.outbound.trouble import Undeliverable
from shared.protocols.dns import NODATA, Answer, Question


class Lookup(Protocol):
    """What we need of a resolver."""

    async def ask(self, question: Question) -> Answer:
        """The answer; never raises for trouble with the DNS."""


class Finder:
    """Finds servers; ``ourselves`` is the name under which MX records know us."""

    def __init__(self, lookup: Lookup, ourselves: str, dice: Dice, *, most: int, ipv6: bool) -> None:
        self._lookup = lookup
        self._ourselves = ourselves
        self._dice = dice
        self._most = most
        self._ipv6 = ipv6

    async def servers(self, hop: NextHop) -> list[Server]:
        """The servers to try, in order and at least one. Raises `Undeliverable`."""
        if hop.host.startswith("["):
            address = hop.host[1:-1]
            address = address[5:] if address.lower().startswith("ipv6:") else address
            return [Server(hop.host, address, hop.port)]
        names, secure = [hop.host], False
        if hop.by_mx:
            answer = await self._lookup.ask(Question(hop.host, "MX"))
            names, secure = hosts(hop.host, answer, self._ourselves, self._dice), answer.secure
        found: list[Server] = []
        uncertain = False
        for name in names:
            six = await self._lookup.ask(Question(name, "AAAA")) if self._ipv6 else NODATA
            four = await self._lookup.ask(Question(name, "A"))
            uncertain = uncertain or six.failed or four.failed
            found += [
                Server(name, each, hop.port, secure and (six if ":" in each else four).secure)
                for each in addresses(six, four)
            ]
            if len(found) >= self._most:
                return found[: self._most]
        if found:
            return found
        if uncertain:
            raise Undeliverable("4.4.3", f"the DNS does not say where {hop.host} takes mail")
        raise Undeliverable("5.4.4", f"no host takes mail for {hop.host}")
