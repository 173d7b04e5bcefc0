"""Logins of one connection, the same for all protocols: a SASL exchange or a password in, a grant out.

The protocols' adapters only carry the base64 lines. What counts as proof is judged by storage.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable

from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.directory import LoggedIn
from shared.contracts.errors import Code, Refused
from shared.net.shell import Connection
from shared.protocols.sasl.exchange import Exchange, encoded
from shared.protocols.sasl.mechanism import (
    Challenge,
    Credentials,
    Malformed,
    OtherIdentity,
    Parameters,
    Proof,
    Question,
    UnknownMechanism,
)
from shared.protocols.sasl.registry import PLUS, Channel, mechanism, offered
from shared.runtime.settings import LoginSettings

Ask = Callable[[bytes], Awaitable[bytes]]  # sends a challenge in base64, returns the line that answers


class Authentication:
    """Every method raises `Refused` and `Unavailable`."""

    __slots__ = ("_bus", "_connection", "_settings", "username")

    def __init__(self, bus: Bus, settings: LoginSettings, connection: Connection) -> None:
        self._bus = bus
        self._settings = settings
        self._connection = connection
        self.username = ""  # who wanted in last, as he said

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What may be offered on this connection as it is now, provided that it is safe for passwords."""
        return offered(self._settings.mechanisms, self._channel)

    @property
    def _channel(self) -> Channel:
        """Under TLS 1.3 clients expect tls-exporter (RFC 9266), which we have not; GNU SASL's then give up on us."""
        connection = self._connection
        tls = connection.tls
        bound = tls is not None and (tls.version != "TLSv1.3" or self._settings.plus_on_tls13)
        return Channel(connection.channel_bindings if bound else {}, connection.client_certificate)

    async def by_password(self, mechanism: str, username: str, password: str, authzid: str = "") -> LoggedIn:
        """Log in with a password in clear (or a token, or a certificate)."""
        self.username = username
        connection = self._connection
        request = directory.Login(mechanism, username, password, authzid, connection.peer_host, connection.id)
        return await self._bus.call(directory.login, request, trace=connection.id)

    async def by_digest(self, username: str, greeting: bytes, digest: bytes) -> LoggedIn:
        """Log in by APOP."""
        return (await self._prove("APOP", Proof("", username, greeting, "", digest))).login

    async def by_exchange(self, name: str, initial: bytes | None, ask: Ask) -> tuple[LoggedIn, bytes]:
        """Hold a SASL exchange; the login, and the mechanism's last words in base64 for whoever has a place for them.

        Raises `SaslError` as well, and what ``ask`` raises.
        """
        chosen = mechanism(name, self._settings.mechanisms, self._channel)
        if chosen is None:
            raise UnknownMechanism("no such mechanism")
        exchange = Exchange(chosen)
        evidence = await self._converse(chosen.name, exchange, initial, ask)
        try:
            login, signature = await self._judge(chosen.name, evidence)
        except Refused as refused:
            if refused.code is Code.LOGIN_FAILED and (words := exchange.refused()):
                await ask(b64encode(words))
            raise
        return login, b64encode(exchange.accepted(signature))

    async def _converse(self, name: str, exchange: Exchange, initial: bytes | None, ask: Ask) -> Credentials | Proof:
        step = exchange.start(initial)
        while True:
            if isinstance(step, Challenge):
                step = exchange.respond(await ask(encoded(step)))
            elif isinstance(step, Question):
                step = exchange.told(await self._learn(name, step.username))
            else:
                return step

    async def _judge(self, name: str, evidence: Credentials | Proof) -> tuple[LoggedIn, bytes]:
        self.username = evidence.username
        if evidence.authzid and evidence.authzid != evidence.username:
            raise OtherIdentity("acting for others is not allowed")
        if isinstance(evidence, Proof):
            proved = await self._prove(name.removesuffix(PLUS), evidence)
            return proved.login, proved.signature
        return await self.by_password(name, evidence.username, evidence.password, evidence.authzid), b""

    async def _learn(self, name: str, username: str) -> Parameters:
        request = directory.ScramRequest(name.removesuffix(PLUS), username, self._connection.id)
        return Parameters(*await self._bus.call(directory.scram, request, trace=self._connection.id))

    async def _prove(self, name: str, proof: Proof) -> directory.Proved:
        self.username = proof.username
        connection = self._connection
        request = directory.Prove(
            name,
            proof.username,
            proof.authzid,
            proof.message,
            proof.nonce,
            proof.proof,
            connection.peer_host,
            connection.id,
        )
        return await self._bus.call(directory.prove, request, trace=connection.id)


async def finish(ask: Ask, words: bytes) -> None:
    """Say a mechanism's last words where a protocol has no other place for them: as one more challenge, whose answer
    is empty (RFC 4954 section 4, RFC 3501 section 6.2.2, RFC 5034 section 4)."""
    if words and await ask(words):
        raise Malformed("nothing more expected")
