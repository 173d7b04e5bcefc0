"""A session with the best server of a next hop that talks with us."""

from __future__ import annotations

from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.encryption import Encryption
from services.delivery.outbound.finding import Finder
from services.delivery.outbound.policies import Policies
from services.delivery.outbound.routes import NextHop, Server
from services.delivery.outbound.session import Session, TlsBroken, connect
from services.delivery.outbound.trouble import Undeliverable, Unreachable
from shared.protocols.mta_sts import Policy


class Opener:
    """``name`` is ours in EHLO."""

    def __init__(self, finder: Finder, policies: Policies, settings: OutboundSettings, name: str) -> None:
        self._finder = finder
        self._policies = policies
        self._settings = settings
        self._name = name

    async def open(self, hop: NextHop) -> Session:
        """Try servers in order. Raises `Undeliverable`, of which `Unreachable` speaks for the whole destination."""
        servers = await self._finder.servers(hop)
        policy = await self._policies.of_domain(hop)
        last = Undeliverable("4.4.1", f"no server of {hop.name} may be used")
        for server in servers[: self._settings.hosts]:
            try:
                return await self._connect(server, hop, policy)
            except Undeliverable as error:
                last = error
        raise Unreachable(last.code, last.reason, relay=last.relay, response=last.response)

    async def _connect(self, server: Server, hop: NextHop, policy: Policy | None) -> Session:
        """Where TLS is a courtesy, a server that cannot do it properly is spoken with in clear (RFC 7435)."""
        encryption = await self._policies.encryption(hop, server, policy)
        try:
            return await connect(server, hop, encryption, self._settings, self._name)
        except TlsBroken:
            if encryption.demanded:
                raise
        return await connect(server, hop, Encryption("none", encryption.context), self._settings, self._name)
