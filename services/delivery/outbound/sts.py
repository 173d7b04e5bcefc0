"""MTA-STS policies of destinations (RFC 8461): remembered here for minutes, in storage for as long as they say.

Invariant: a policy that was fetched counts until it expires, whatever the DNS or the web server of its domain say
meanwhile; only a newer policy takes its place. So nobody who attacks one lookup can switch it off.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import NamedTuple

import trio

from services.delivery.outbound.finding import Lookup
from shared.bus.client import Bus
from shared.contracts import outbound
from shared.contracts.outbound import Domain, StsPolicy
from shared.net.https import NotFetched, Untrusted, get_document
from shared.observe.log import Log
from shared.protocols import mta_sts
from shared.protocols.dns import Question
from shared.protocols.mta_sts import BadPolicy, Policy

_LOOKED = 300.0  # seconds until a domain's record is looked at again
_MOST = 10_000  # domains remembered
_FETCH = 20.0  # seconds for the policy


class Standing(NamedTuple):
    """The policy that counts for a domain, if any, with its text; else, if one is announced, why it is not known.

    ``failure`` is a result type of RFC 8460 section 4.3.2.
    """

    policy: Policy | None = None
    text: bytes = b""
    failure: str = ""
    reason: str = ""


NO_POLICY = Standing()


class _Entry(NamedTuple):
    standing: Standing
    until: float  # trio clock


class StsPolicies:
    """``context`` gives the TLS context that verifies; ``port`` is that of HTTPS."""

    def __init__(
        self,
        bus: Bus,
        lookup: Lookup,
        context: Callable[[], ssl.SSLContext],
        wall_clock: Callable[[], float],
        log: Log,
        *,
        port: int,
    ) -> None:
        self._bus = bus
        self._lookup = lookup
        self._context = context
        self._wall_clock = wall_clock
        self._log = log
        self._port = port
        self._entries: dict[str, _Entry] = {}

    async def find(self, domain: str) -> Standing:
        """What counts for ``domain`` now. Raises `Refused`, `Unavailable`."""
        entry = self._entries.get(domain)
        if entry is not None and trio.current_time() < entry.until:
            return entry.standing
        standing = await self._find(domain)
        if len(self._entries) >= _MOST:
            self._entries.clear()
        self._entries[domain] = _Entry(standing, trio.current_time() + _LOOKED)
        return standing

    async def _find(self, domain: str) -> Standing:
        known = await self._bus.call(outbound.sts_policy, Domain(domain))
        valid = known.id and known.expires > self._wall_clock()
        announced = mta_sts.policy_id((await self._lookup.ask(Question(f"_mta-sts.{domain}", "TXT"))).texts)
        failed = NO_POLICY
        if announced and (announced != known.id or not valid):
            failed = await self._fetch(domain)
            if failed.policy is not None:
                expires = int(self._wall_clock()) + failed.policy.max_age
                await self._bus.call(outbound.keep_sts_policy, StsPolicy(domain, announced, failed.text, expires))
                return failed
        return Standing(mta_sts.parse(known.text), known.text) if valid else failed

    async def _fetch(self, domain: str) -> Standing:
        """The policy as served, or why there is no good one to be had."""
        host = f"mta-sts.{domain}"
        try:
            text = await get_document(
                host,
                mta_sts.PATH,
                await self._address(host),
                self._context(),
                limit=mta_sts.LARGEST,
                timeout=_FETCH,
                port=self._port,
            )
            return Standing(mta_sts.parse(text), text)
        except (NotFetched, BadPolicy) as error:
            self._log.info("delivery.no_sts_policy", domain=domain, reason=str(error))
            kind = "sts-policy-invalid" if isinstance(error, BadPolicy) else "sts-policy-fetch-error"
            webpki = isinstance(error, Untrusted)
            return Standing(failure="sts-webpki-invalid" if webpki else kind, reason=str(error))

    async def _address(self, host: str) -> str:
        for kind in ("A", "AAAA"):
            answer = await self._lookup.ask(Question(host, kind))
            if answer.addresses:
                return answer.addresses[0]
        raise NotFetched(f"{host} has no address")
