"""A session with the best server of a next hop that talks with us."""

from __future__ import annotations

from contextlib import suppress

from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.encryption import Encryption
from services.delivery.outbound.finding import Finder
from services.delivery.outbound.patience import Patience
from services.delivery.outbound.policies import Forbidden, Policies
from services.delivery.outbound.routes import NextHop, Server
from services.delivery.outbound.session import Session, TlsBroken, connect
from services.delivery.outbound.sts import Standing
from services.delivery.outbound.tls_results import Results
from services.delivery.outbound.trouble import Undeliverable, Unreachable


class Opener:
    """``name`` is ours in EHLO; ``results`` hears how TLS went."""

    def __init__(
        self,
        finder: Finder,
        policies: Policies,
        settings: OutboundSettings,
        patience: Patience,
        name: str,
        results: Results,
    ) -> None:
        self._finder = finder
        self._policies = policies
        self._settings = settings
        self._patience = patience
        self._name = name
        self._results = results

    async def open(self, hop: NextHop) -> Session:
        """Try servers in order. Raises `Undeliverable`, of which `Unreachable` speaks for the whole destination."""
        servers = await self._finder.servers(hop)
        standing = await self._policies.of_domain(hop)
        last = Undeliverable("4.4.1", f"no server of {hop.name} may be used")
        for server in servers[: self._settings.hosts]:
            try:
                return await self._try(server, hop, standing)
            except Undeliverable as error:
                last = error
        raise Unreachable(last.code, last.reason, relay=last.relay, response=last.response)

    async def _try(self, server: Server, hop: NextHop, standing: Standing) -> Session:
        """Where TLS is a courtesy, a server that cannot do it properly is spoken with in clear (RFC 7435)."""
        try:
            encryption = await self._policies.encryption(hop, server, standing)
        except Forbidden as error:
            self._results.forbidden(hop, server, error)
            raise
        rehearsal = self._policies.rehearsal(hop, server, standing) if self._results.wanted else None
        if rehearsal is not None:
            with suppress(TlsBroken):
                return await self._connect(server, hop, rehearsal, standing)
        try:
            return await self._connect(server, hop, encryption, standing, told=rehearsal is not None)
        except TlsBroken:
            if encryption.demanded:
                raise
        return await self._session(server, hop, Encryption("none", encryption.context))

    async def _session(self, server: Server, hop: NextHop, encryption: Encryption) -> Session:
        return await connect(server, hop, encryption, self._settings, self._patience, self._name)

    async def _connect(
        self, server: Server, hop: NextHop, encryption: Encryption, standing: Standing, *, told: bool = False
    ) -> Session:
        try:
            session = await self._session(server, hop, encryption)
        except Undeliverable as error:
            if not told:
                self._results.failed(hop, server, encryption.demand, error)
            raise
        if not told:
            self._results.connected(hop, server, encryption, session, standing)
        return session
