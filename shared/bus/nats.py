"""The bus over NATS core.

`NatsBus` is an endpoint whose wire is the current connection to one of several servers. While there is none, events
are dropped and calls wait; after a reconnect every subscription is made again before anybody is told.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

import trio
from structlog.typing import FilteringBoundLogger

from shared.bus.connection import Connection
from shared.bus.endpoint import Endpoint
from shared.bus.outgoing import ANSWERS, QUESTIONS, Outgoing
from shared.bus.tcp import connect_tcp
from shared.bus.transport import Transport, TransportLost
from shared.bus.websocket import connect_websocket
from shared.bus.wire import Wire
from shared.contracts.codec import MAX_FRAME
from shared.observe import metrics
from shared.protocols.nats import commands

CONNECT_TIMEOUT = 5.0  # seconds for the whole of connecting and logging in
FIRST_BACKOFF = 0.05  # seconds
LONGEST_BACKOFF = 2.0
FLUSH_TIMEOUT = 1.0  # seconds that leaving waits for the last answers to be written


class NatsWire(Wire):
    """Frames to the broker. ``outgoing`` is emptied whenever the connection is lost: nobody knows what arrived.

    ``greeting`` says that the subscriptions of a new connection are on their way, and that what changes from now on
    has to follow them.
    """

    def __init__(self) -> None:
        self.outgoing = Outgoing()
        self.greeting = False
        self.connection: Connection | None = None  # while `connected`

    def send(self, subject: bytes, reply: bytes, headers: bytes, payload: bytes, *, answer: bool = False) -> bool:
        if not self.connected:
            return False
        limit = ANSWERS if answer else QUESTIONS
        return self.outgoing.put(commands.publish(subject, reply, headers, payload), limit)

    def listen(self, sid: bytes, subject: bytes, group: bytes) -> None:
        if self.greeting or self.connected:
            self.outgoing.put(commands.subscribe(subject, group, sid), ANSWERS)

    def unlisten(self, sid: bytes) -> None:
        if self.greeting or self.connected:
            self.outgoing.put(commands.unsubscribe(sid), ANSWERS)

    async def round_trip(self) -> None:
        with trio.move_on_after(FLUSH_TIMEOUT):
            if self.connection is not None:
                await self.connection.round_trip()


Password = str | Callable[[], str]  # a function is asked at each connection: secrets change
Trust = ssl.SSLContext | Callable[[], ssl.SSLContext | None] | None  # how brokers are known; the same


class NatsBus(Endpoint):
    """See the module. `open_bus` is the way to one."""

    def __init__(
        self,
        urls: Sequence[str],
        service: str,
        replica: str,
        password: Password,
        log: FilteringBoundLogger,
        ssl_context: Trust = None,
    ) -> None:
        super().__init__(service, replica, log)
        self.reconnects = 0
        self.trouble = ""  # why there was no connection the last time
        self._urls = tuple(urls)
        self._password = password
        self._ssl_context = ssl_context
        self._nats = NatsWire()
        self._connected_once = False
        self._up = trio.Event()
        self._lost = trio.Event()
        self.attach(self._nats)
        metrics.on_read(metrics.bus_pending, lambda: self._nats.outgoing.octets, service)

    async def run(self) -> None:
        """Keep a connection for ever."""
        backoff = FIRST_BACKOFF
        for url in cycle(self._urls):
            started = trio.current_time()
            reason = await self._connect_and_serve(url)
            served = self._up.is_set()
            self._down(url, reason)
            if served and trio.current_time() - started > LONGEST_BACKOFF:
                backoff = FIRST_BACKOFF
            await trio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnects, no secret
            backoff = min(2 * backoff, LONGEST_BACKOFF)

    async def _connect_and_serve(self, url: str) -> str:
        """One connection from beginning to end; returns why it ended."""
        transport: Transport | None = None
        async with trio.open_nursery() as nursery:
            try:
                with trio.fail_after(CONNECT_TIMEOUT):
                    tls = self._ssl_context() if callable(self._ssl_context) else self._ssl_context
                    transport = await _connect(nursery, url, tls)
                    connection = Connection(transport, self._nats.outgoing, self)
                    self._nats.greeting = True
                    await connection.greet(self._login(), self.standing())
                self._restored(url, connection)
                return await connection.run()
            except (TransportLost, trio.TooSlowError) as error:
                return str(error) or "no answer"
            finally:
                if transport is not None:
                    await transport.aclose()
                nursery.cancel_scope.cancel()

    def _login(self) -> bytes:
        password = self._password() if callable(self._password) else self._password
        return commands.connect(f"{self.service}.{self.replica}", self.service, password)

    def _restored(self, url: str, connection: Connection) -> None:
        info = connection.info
        assert info is not None  # greet() waits for it
        self._nats.max_payload = min(info.max_payload, MAX_FRAME)
        self._nats.connection = connection
        self._nats.connected = True
        self._up.set()
        self._lost = trio.Event()
        again, self._connected_once = self._connected_once, True
        self.reconnects += again
        metrics.bus_reconnects_total(self.service).inc(again)
        self.log.info("bus.connected", url=url, server=info.server, again=again)
        self.restored(gap=again)

    def _down(self, url: str, reason: str) -> None:
        self.trouble = reason
        if self._nats.connected:
            self._up = trio.Event()
            self._lost.set()
            self.log.warning("bus.disconnected", url=url, reason=reason)
        else:
            self.log.info("bus.connect_failed", url=url, reason=reason)
        self._nats.connected = self._nats.greeting = False
        self._nats.connection = None
        self._nats.outgoing.clear()

    async def wait_connected(self) -> None:
        """Return when the broker answers."""
        await self._up.wait()

    async def wait_disconnected(self) -> None:
        """Return when the broker is gone."""
        while self._nats.connected:
            await self._lost.wait()

    async def flush(self) -> None:
        """Return when all that was published or answered is written, or `FLUSH_TIMEOUT` has passed."""
        if self._nats.connected:
            with trio.move_on_after(FLUSH_TIMEOUT):
                await self._nats.outgoing.wait_flushed()


async def _connect(nursery: trio.Nursery, url: str, tls: ssl.SSLContext | None) -> Transport:
    if url.startswith(("ws://", "wss://")):
        return await connect_websocket(nursery, url, tls)
    return await connect_tcp(url, tls)


@asynccontextmanager
async def open_bus(
    urls: Sequence[str],
    service: str,
    replica: str,
    password: Password,
    log: FilteringBoundLogger,
    *,
    ssl_context: Trust = None,
) -> AsyncIterator[NatsBus]:
    """The bus as ``service``, connected in the background to one of ``urls`` for as long as it is open.

    A ``password`` or an ``ssl_context`` that is a function is asked at each connection, and must not raise.
    """
    bus = NatsBus(urls, service, replica, password, log, ssl_context)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bus.run)
        nursery.start_soon(bus.pending.sweep)
        yield bus
        await bus.flush()
        nursery.cancel_scope.cancel()
