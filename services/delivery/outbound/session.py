"""One connection to one server: the client core with a socket, deadlines and TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import NamedTuple

from services.delivery.content import Content
from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.encryption import Encryption
from services.delivery.outbound.patience import Patience
from services.delivery.outbound.routes import NextHop, Server
from services.delivery.outbound.trouble import Undeliverable
from shared.net.dialer import dial
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.protocols.smtp.client.core import ClientCore
from shared.protocols.smtp.client.envelope import Envelope, obstacle
from shared.protocols.smtp.client.events import (
    Authenticated,
    BodyDue,
    Event,
    Finished,
    Greeted,
    Parted,
    TlsAgreed,
    TlsRefused,
    Unwelcome,
)
from shared.protocols.smtp.client.extensions import LOGINS, Extensions
from shared.protocols.smtp.client.replies import ReplyError, ServerReply

_GOODBYE = 2.0  # seconds for QUIT


class Broken(Exception):
    """The connection broke within a transaction; ``decided`` is what is known of each recipient."""

    def __init__(self, reason: str, decided: tuple[ServerReply | None, ...], *, dot_sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.decided = decided
        self.dot_sent = dot_sent


class TlsBroken(Undeliverable):
    """The handshake failed: where TLS is not demanded, a second connection may do without."""


class NotOffered(Undeliverable):
    """The server does not know TLS, and it is demanded."""


class Sent(NamedTuple):
    """A finished transaction: a reply for each recipient."""

    replies: tuple[ServerReply, ...]


class Session:
    """A greeted server. Made by `connect`."""

    def __init__(
        self,
        server: Server,
        connection: Connection,
        core: ClientCore,
        settings: OutboundSettings,
        patience: Patience,
    ) -> None:
        self.server = server
        self._patience = patience
        self._connection = connection
        self._core = core
        self._settings = settings
        self.verified = False  # the server proved to be the one that we mean
        self.uses = 0  # transactions

    @property
    def extensions(self) -> Extensions:
        return self._core.extensions

    @property
    def encrypted(self) -> bool:
        return self._connection.tls is not None

    @property
    def tls(self) -> str:
        """Version and cipher, for the log."""
        tls = self._connection.tls
        return f"{tls.version} {tls.cipher}" if tls else ""

    @property
    def closing(self) -> bool:
        """Whether no further transaction may begin."""
        return self._core.closing

    def see_parted(self) -> bool:
        """Look whether the server's answer to our goodbye has come already."""
        try:
            return self._core.parting and isinstance(self._core.next_event(), Parted)
        except ReplyError:
            return False

    def spoil(self) -> None:
        """Nobody knows where the dialogue stands: let nothing more begin."""
        self._core.closing = True

    @property
    def usable(self) -> bool:
        """Whether another transaction may begin; for idle connections too, where a server may have hung up."""
        return not self._core.closing and (self.encrypted or self._connection.is_quiet())

    # --- the beginning ---

    async def greet(self, hop: NextHop, encryption: Encryption) -> None:
        """From the greeting to the point where transactions may begin. Raises `Undeliverable`, `TlsBroken`."""
        with self._naming_trouble("greeting"):
            await self._expect(Greeted, self._settings.greeting_timeout)
            if encryption.wanted:
                await self._encrypt(encryption)
            if hop.username:
                await self._log_in(hop)

    async def _encrypt(self, encryption: Encryption) -> None:
        if "STARTTLS" not in self.extensions:
            if encryption.demanded:
                raise NotOffered("4.7.5", "TLS is demanded, and not offered", relay=str(self.server))
            return
        self._core.start_tls()
        event = await self._next(self._settings.command_timeout)
        if isinstance(event, TlsRefused):
            if encryption.demanded:
                raise self._undeliverable("4.7.5", "TLS is demanded, and refused", event.reply)
            return
        if not isinstance(event, TlsAgreed):
            raise self._unexpected(event)
        try:
            await self._connection.start_tls_as_client(encryption.context, self.server.host)
            encryption.check(self._connection.peer_certificates())
        except (PeerGone, PeerTimeout) as error:
            raise TlsBroken("4.7.5", f"TLS handshake failed: {error}", relay=str(self.server)) from error
        self.verified = encryption.verifies
        self._core.tls_started()
        await self._expect(Greeted, self._settings.command_timeout)

    async def _log_in(self, hop: NextHop) -> None:
        if self.extensions.mechanisms.isdisjoint(LOGINS):
            raise self._undeliverable("4.7.0", f"the server offers no AUTH {' or '.join(LOGINS)}")
        self._core.authenticate(hop.username, hop.password)
        event = await self._next(self._settings.command_timeout)
        if not isinstance(event, Authenticated):
            reply = getattr(event, "reply", None)
            raise self._undeliverable("4.7.8", "the server refused our login", reply)

    # --- transactions ---

    def takes(self, envelope: Envelope) -> bool:
        """Whether nothing stands in the way of a transaction, as far as we know."""
        return obstacle(envelope, self.extensions, secure=self.verified) is None

    async def send(
        self, envelope: Envelope, content: Content, ahead: Envelope | None = None, *, last: bool = False
    ) -> Sent:
        """One transaction; ``ahead``, of a small message, is what the next one begins with, or it is the ``last``.

        Raises `Broken`, and `Unavailable` when storage does not give a large message.
        """
        refused = obstacle(envelope, self.extensions, secure=self.verified)
        if refused is not None:
            return Sent((refused,) * len(envelope.recipients))
        self.uses += 1
        try:
            self._core.transact(envelope, content.whole, ahead, last=last)
            while True:
                event = await self._next(self._settings.command_timeout)
                if isinstance(event, Finished):
                    return Sent(event.replies)
                if not isinstance(event, BodyDue):
                    raise PeerGone(f"unexpected: {event}")
                await self._stream(content)
        except (PeerGone, PeerTimeout, ReplyError) as error:
            self._core.closing = True
            raise Broken(str(error), self._core.decided, dot_sent=self._core.dot_sent) from error

    async def _stream(self, content: Content) -> None:
        try:
            async with aclosing(content.pieces()) as pieces:
                async for piece in pieces:
                    self._core.body(piece)
                    await self._connection.send(self._core.to_send())
        except BaseException:
            self._core.closing = True  # half a message: the connection must end here
            self._connection.abandon()
            raise
        self._core.end_body()

    # --- the end ---

    async def quit(self) -> None:
        """Say goodbye, shortly, unless that was said, and close."""
        if not self._core.closing:
            self._core.quit()
        with suppress(PeerGone, PeerTimeout, ReplyError):
            while self._core.parting:
                await self._next(_GOODBYE)
        await self._connection.aclose()

    def abandon(self) -> None:
        """Close at once."""
        self._connection.abandon()

    # --- events ---

    async def _next(self, timeout: float) -> Event:
        """The next event; what waits to be sent is sent first. ``timeout`` is for the server's next word."""
        while True:
            event = self._core.next_event()
            out = self._core.to_send()
            if out:
                await self._connection.send(out)
            if event is not None:
                return event
            seconds = self._settings.end_timeout if self._core.dot_sent else timeout
            data = await self._patience.receive(self._connection, seconds, later=bool(out))
            if not data:
                raise PeerGone("the server closed the connection")
            self._core.feed(data)

    async def _expect(self, kind: type[Greeted], timeout: float) -> None:
        event = await self._next(timeout)
        if not isinstance(event, kind):
            raise self._unexpected(event)

    def _unexpected(self, event: Event) -> Undeliverable:
        if isinstance(event, Unwelcome):
            return self._undeliverable("4.3.2", "the server does not talk with us", event.reply)
        return self._undeliverable("4.5.0", f"unexpected: {type(event).__name__}")

    def _undeliverable(self, code: str, reason: str, reply: ServerReply | None = None) -> Undeliverable:
        said = "" if reply is None else reply.text
        return Undeliverable(code, f"{reason}: {said}" if said else reason, relay=str(self.server), response=said)

    def _naming_trouble(self, moment: str) -> _Naming:
        return _Naming(self, moment)


class _Naming:
    """What breaks the connection inside becomes `Undeliverable`."""

    def __init__(self, session: Session, moment: str) -> None:
        self._session = session
        self._moment = moment

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PeerGone | PeerTimeout | ReplyError):
            relay = str(self._session.server)
            raise Undeliverable("4.4.2", f"{self._moment}: {error}", relay=relay) from error


@asynccontextmanager
async def _closing_on_error(connection: Connection) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        connection.abandon()
        raise


async def connect(
    server: Server,
    hop: NextHop,
    encryption: Encryption,
    settings: OutboundSettings,
    patience: Patience,
    name: str,
) -> Session:
    """A session with ``server``, ready for a transaction; ``name`` is ours in EHLO. Raises `Undeliverable`."""
    source = settings.source_ipv6 if ":" in server.address else settings.source_ipv4
    try:
        connection = await dial(server.address, server.port, settings.connect_timeout, source=source)
    except (PeerGone, PeerTimeout) as error:
        raise Undeliverable("4.4.1", f"no connection: {error}", relay=str(server)) from error
    async with _closing_on_error(connection):
        session = Session(server, connection, ClientCore(name), settings, patience)
        await session.greet(hop, encryption)
    return session
