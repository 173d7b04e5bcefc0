"""Who may come in, and hand in a letter: judged by address alone, before any content."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from ipaddress import ip_network

import trio

from services.smtp.ingress.rates import Rate, address_of, network_of
from services.smtp.ingress.settings import DnsList, IngressSettings
from services.smtp.replies import TOO_MANY_CONNECTIONS
from shared.base.ip import ip_address, reverse_name
from shared.bus.client import Bus
from shared.contracts import greylist
from shared.net.dns import Resolver
from shared.net.limits import contains, is_outside, networks
from shared.protocols.dns import Question
from shared.protocols.smtp.replies import Reply, reply

TOO_MANY_LETTERS = reply(450, "4.7.1", "Too many letters from your address, try again later")
_LISTED = ip_network("127.0.0.0/8")  # answers of lists lie here (RFC 5782 section 2.1) ...
_NO_ANSWER = ip_network("127.255.255.0/24")  # ... but by these they say that they do not serve us


class Door:
    """For all sessions of a process."""

    def __init__(self, settings: IngressSettings, dns: Resolver, bus: Bus) -> None:
        self.settings = settings
        self._dns = dns
        self._bus = bus
        self._trusted = networks(settings.trusted_networks)
        self._proxies = networks(settings.xclient_networks)
        self._connections = Rate(settings.connections_per_minute)
        self._network_connections = Rate(settings.network_connections_per_minute)
        self._letters = Rate(settings.letters_per_minute)

    def is_stranger(self, host: str) -> bool:
        """Whether the address is nobody's of the house."""
        return is_outside(self._trusted, host)

    def may_stand_in(self, host: str) -> bool:
        """Whether a client may say whom it stands for."""
        return bool(self._proxies) and contains(self._proxies, host)

    def refusal(self, host: str) -> Reply | None:
        """Why a connection of this stranger is too much, None if it is not. Counts it."""
        now = trio.current_time()
        one = self._connections.take(address_of(host), now)
        if self._network_connections.take(network_of(host), now) and one:
            return None
        return TOO_MANY_CONNECTIONS

    async def judge(self, host: str) -> Reply | None:
        """Why this stranger may hand in no letter now, None if it may. Counts the letter."""
        if not self._letters.take(address_of(host), trio.current_time()):
            return TOO_MANY_LETTERS
        if not self.settings.lists:
            return None
        score, zones = await self._score(host.partition("%")[0])
        if score < self.settings.lists_reject:
            return None
        return reply(554, "5.7.1", f"Your address is listed by {', '.join(zones)}")

    async def _score(self, host: str) -> tuple[float, list[str]]:
        """The sum of all lists' scores, and the zones that count against the address. Silence counts for nothing."""
        name = reverse_name(host).rpartition(".in-addr.arpa" if ":" not in host else ".ip6.arpa")[0]
        questions = [Question(f"{name}.{one.zone}", "A") for one in self.settings.lists]
        unknown = [question for question in questions if self._dns.kept(question) is None]
        if len(unknown) > 1:
            async with trio.open_nursery() as nursery:
                for question in unknown:
                    nursery.start_soon(self._dns.ask, question)
        listed: list[DnsList] = []
        for one, question in zip(self.settings.lists, questions, strict=True):
            answer = self._dns.kept(question) or await self._dns.ask(question)
            if any(_counts(one, address) for address in answer.addresses):
                listed.append(one)
        return sum(one.score for one in listed), sorted(one.zone for one in listed if one.score > 0)

    async def greylist(self, host: str, sender: str, recipients: Sequence[str], trace: str) -> list[Reply | None]:
        """Who of the recipients must wait for this sender. Raises `Refused`, `Unavailable`."""
        settings = self.settings.greylisting
        network = network_of(host)
        keys = tuple([_key(network, sender, recipient) for recipient in recipients])
        request = greylist.Check(_key(network), keys, settings.delay, settings.networks)
        waits = (await self._bus.call(greylist.check, request, trace=trace)).waits
        return [reply(451, "4.7.1", f"Greylisted, try again in {wait} seconds") if wait else None for wait in waits]


def _counts(one: DnsList, address: str) -> bool:
    if one.answers:
        return address in one.answers
    found = ip_address(address)
    return found in _LISTED and found not in _NO_ANSWER


def _key(*parts: str) -> str:
    """What stands for the parts in storage."""
    return blake2b("\n".join(parts).lower().encode("utf-8", "replace"), digest_size=16).hexdigest()
