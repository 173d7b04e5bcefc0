"""How much TLS each server needs: what its operator says in the DNS (DANE), or its domain over HTTPS (MTA-STS).

DANE goes before MTA-STS (RFC 8461 section 2); with neither, and no route that says more, TLS is taken where it is
offered. A sender who demands TLS (RFC 8689) gets it from hosts that are known for sure, or not at all.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence

from services.delivery.outbound import dane
from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.encryption import (
    NOBODY,
    Demand,
    Encryption,
    trusting_context,
    verifying_context,
)
from services.delivery.outbound.finding import Lookup
from services.delivery.outbound.routes import NextHop, Server
from services.delivery.outbound.sts import NO_POLICY, Standing, StsPolicies
from services.delivery.outbound.trouble import Undeliverable
from shared.bus.client import Bus
from shared.contracts.errors import Refused, Unavailable
from shared.observe.log import Log
from shared.protocols.dns import Question

UNKNOWN_HOST = Undeliverable("5.7.10", "the sender requires TLS, and nothing vouches for the server")


UNSURE = Demand("tlsa")


class Forbidden(Undeliverable):
    """A policy says that this server may not be spoken with."""

    def __init__(self, code: str, reason: str, demand: Demand) -> None:
        super().__init__(code, reason)
        self.demand = demand


def _demand(standing: Standing) -> Demand:
    policy = standing.policy
    if policy is None or policy.mode == "none":
        return NOBODY
    return Demand("sts", tuple(standing.text.decode("ascii", "replace").splitlines()[:50]), policy.hosts[:50])


class Policies:
    """``wall_clock`` gives Unix seconds."""

    def __init__(
        self, bus: Bus, lookup: Lookup, settings: OutboundSettings, wall_clock: Callable[[], float], log: Log
    ) -> None:
        self._lookup = lookup
        self._settings = settings
        self._trusting = trusting_context()
        self._verifying: ssl.SSLContext | None = None
        self._sts = StsPolicies(bus, lookup, self._verifying_context, wall_clock, log, port=settings.sts_port)

    async def of_domain(self, hop: NextHop) -> Standing:
        """The MTA-STS policy of the domain that ``hop`` is, if it has one. Raises `Undeliverable`."""
        if not (hop.by_mx and self._settings.mta_sts) or hop.lax:
            return NO_POLICY
        try:
            return await self._sts.find(hop.host)
        except (Refused, Unavailable) as error:
            raise Undeliverable("4.7.5", f"it is not known what TLS {hop.host} demands: {error}") from error

    async def encryption(self, hop: NextHop, server: Server, standing: Standing) -> Encryption:
        """For one server of ``hop``. Raises `Undeliverable` when it may not be spoken with."""
        announced = await self._dane(hop, server)
        if announced is not None:
            return announced
        policy, demand = standing.policy, _demand(standing)
        if policy is not None and policy.mode == "enforce":
            if not policy.names(server.host):
                raise Forbidden("4.7.5", f"{server.host} is not in the MTA-STS policy of {hop.host}", demand)
            return self._verified(demand)
        if hop.tls == "verify":
            return self._verified(demand)
        if not hop.required:
            return Encryption(hop.tls, self._trusting, demand=demand)
        if not (server.secure or (policy is not None and policy.names(server.host))):
            raise UNKNOWN_HOST
        return self._verified(demand)

    def rehearsal(self, hop: NextHop, server: Server, standing: Standing) -> Encryption | None:
        """What to try first under a policy that is only tested, to tell its domain how that goes (RFC 8461 5.1)."""
        policy = standing.policy
        if policy is None or policy.mode != "testing" or hop.tls != "may" or not policy.names(server.host):
            return None
        return Encryption("may", self._verifying_context(), demand=_demand(standing))

    async def _dane(self, hop: NextHop, server: Server) -> Encryption | None:
        """What TLSA records demand; None when there are none (RFC 7672 section 2.2)."""
        if not (hop.by_mx and server.secure and self._settings.dane) or hop.lax:
            return None
        answer = await self._lookup.ask(Question(f"_{server.port}._tcp.{server.host}", "TLSA"))
        if answer.failed:
            raise Forbidden("4.7.5", f"the DNS does not say which certificate {server.host} has", UNSURE)
        if not (answer.secure and answer.associations):
            return None
        records = dane.usable(answer.associations)
        demand = Demand("tlsa", tuple([f"{u} {s} {m} {data.hex()}" for u, s, m, data in answer.associations[:20]]))
        if not records:
            return Encryption("encrypt", self._trusting, demand=demand)

        def check(certificates: Sequence[bytes]) -> bool:
            return dane.matches(records, certificates, server.host)

        return Encryption("encrypt", self._trusting, check, demand)

    def _verified(self, demand: Demand) -> Encryption:
        return Encryption("verify", self._verifying_context(), demand=demand)

    def _verifying_context(self) -> ssl.SSLContext:
        """Made when it is needed first: reading the system's authorities takes 20 ms and memory."""
        if self._verifying is None:
            self._verifying = verifying_context(self._settings.authority)
        return self._verifying
