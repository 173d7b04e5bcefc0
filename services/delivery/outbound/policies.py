"""How much TLS each server needs."""

from __future__ import annotations

import ssl

from services.delivery.outbound.encryption import Encryption, trusting_context, verifying_context
from services.delivery.outbound.routes import NextHop, Server


class Policies:
    """``authority`` is a PEM file whose authorities are believed, "" for the system's."""

    def __init__(self, authority: str = "") -> None:
        self._authority = authority
        self._trusting = trusting_context()
        self._verifying: ssl.SSLContext | None = None

    async def encryption(self, hop: NextHop, server: Server) -> Encryption:
        """For one server of ``hop``."""
        if hop.tls == "verify":
            return Encryption("verify", self._verifying_context())
        return Encryption(hop.tls, self._trusting)

    def _verifying_context(self) -> ssl.SSLContext:
        """Made when it is needed first: reading the system's authorities takes 20 ms and memory."""
        if self._verifying is None:
            self._verifying = verifying_context(self._authority)
        return self._verifying
