"""The client's side of the data plane: pooled HTTP/1.1 connections to storage's data port.

All trouble with the other side shows as `Unavailable`: no connection, a broken one, a deadline, a status that is no
success.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

import h11
import trio

from shared.contracts.errors import Unavailable
from shared.net.http import PIECE
from shared.net.shell import Connection, PeerGone, PeerTimeout

CONNECT_TIMEOUT = 5.0  # seconds
IO_TIMEOUT = 30.0  # seconds without an octet
IDLE_KEPT = 16  # connections kept open to one address
IDLE_AGE = 20.0  # seconds; the other side keeps them for longer

Address = tuple[str, int]


class HttpClient:
    """Requests over connections that are kept for the next one. Used from the trio loop only."""

    def __init__(self) -> None:
        self._idle: dict[Address, list[tuple[Connection, float]]] = {}  # with the time of their last use

    @asynccontextmanager
    async def get(self, url: str, offset: int = 0, length: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """The octets of ``url`` from ``offset`` on, at most ``length``, as an iterator of pieces up to 256 KiB."""
        headers = []
        if offset or length is not None:
            headers.append(("Range", f"bytes={offset}-{'' if length is None else offset + length - 1}"))
        async with self.exchange("GET", url, headers) as exchange:
            await exchange.end()
            status = await exchange.status()
            if status not in (200, 206) or (status == 200 and headers):
                raise Unavailable(f"download answered {status}", executed=False)
            async with aclosing(exchange.pieces()) as pieces:
                yield pieces

    async def put(self, url: str, pieces: AsyncIterator[bytes]) -> None:
        """Upload the pieces to ``url``; returns when the other side has them on stable storage."""
        async with self.exchange("PUT", url, [("Transfer-Encoding", "chunked")]) as exchange:
            async for piece in pieces:
                await exchange.send(piece)
            await exchange.finish()

    @asynccontextmanager
    async def exchange(self, method: str, url: str, headers: list[tuple[str, str]]) -> AsyncIterator[Exchange]:
        """One request, its header sent. At the end the connection is kept, if both sides finished, or closed."""
        exchange = await self.begin(method, url, headers)
        try:
            yield exchange
        finally:
            await exchange.aclose()

    async def begin(self, method: str, url: str, headers: list[tuple[str, str]]) -> Exchange:
        """As `exchange`, for a caller that closes it himself."""
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise Unavailable(f"cannot speak {parts.scheme or 'that'}", executed=False)
        address = (parts.hostname, parts.port or 80)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        exchange = Exchange(self, address, self._kept(address) or await connect(*address))
        try:
            await exchange.begin(method, target, [("Host", parts.netloc), *headers])
        except BaseException:
            await exchange.aclose()
            raise
        return exchange

    def _kept(self, address: Address) -> Connection | None:
        idle = self._idle.get(address, [])
        while idle:
            connection, since = idle.pop()
            if trio.current_time() - since < IDLE_AGE and connection.is_quiet():
                return connection
            connection.abandon()
        return None

    async def keep(self, address: Address, connection: Connection) -> None:
        """Take back a connection on which nothing is under way."""
        idle = self._idle.setdefault(address, [])
        if len(idle) < IDLE_KEPT:
            idle.append((connection, trio.current_time()))
        else:
            await connection.aclose()

    async def aclose(self) -> None:
        """Close what is kept."""
        for idle in self._idle.values():
            while idle:
                await idle.pop()[0].aclose()


class Exchange:
    """One request and its response on a connection."""

    def __init__(self, client: HttpClient, address: Address, connection: Connection) -> None:
        self._client = client
        self._address = address
        self._connection = connection
        self._http = h11.Connection(h11.CLIENT)

    async def begin(self, method: str, target: str, headers: list[tuple[str, str]]) -> None:
        await self._transmit(h11.Request(method=method, target=target, headers=headers))

    async def send(self, piece: bytes | bytearray | memoryview) -> None:
        """A piece of the request's body."""
        await self._transmit(h11.Data(data=cast("bytes", piece)))  # h11 hands on whatever can be joined

    async def end(self) -> None:
        """The request is whole."""
        await self._transmit(h11.EndOfMessage())

    async def finish(self) -> None:
        """End the upload and wait until it is stored."""
        await self.end()
        status = await self.status()
        async with aclosing(self.pieces()) as pieces:
            async for _ in pieces:
                pass
        if not 200 <= status < 300:
            raise Unavailable(f"upload answered {status}", executed=False)

    async def status(self) -> int:
        """The status of the response, once its header is there."""
        while not isinstance(event := await self._next_event(), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise Unavailable("connection closed before the response")
        return event.status_code

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body of the response."""
        while isinstance(event := await self._next_event(), h11.Data):
            yield bytes(event.data)
        if not isinstance(event, h11.EndOfMessage):
            raise Unavailable("connection closed within the response")

    async def aclose(self) -> None:
        """Give the connection back if both sides have finished, else close it."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            await self._client.keep(self._address, self._connection)
        else:
            self._connection.abandon()

    async def _next_event(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._connection.receive(IO_TIMEOUT, PIECE))
        except (PeerGone, PeerTimeout, h11.RemoteProtocolError) as error:
            raise Unavailable(f"data port: {error}") from error
        return event

    async def _transmit(self, event: h11.Event) -> None:
        octets = b"".join(self._http.send_with_data_passthrough(event) or ())
        if octets:
            try:
                await self._connection.send(octets)
            except (PeerGone, PeerTimeout) as error:
                raise Unavailable(f"data port: {error}") from error


async def connect(host: str, port: int) -> Connection:
    """A plain connection to ``host``, or `Unavailable` (surely nothing was asked)."""
    try:
        with trio.fail_after(CONNECT_TIMEOUT):
            stream = await trio.open_tcp_stream(host, port)
    except (OSError, trio.TooSlowError) as error:
        raise Unavailable(f"{host} port {port}: no connection", executed=False) from error
    return Connection(socket.socket(fileno=stream.socket.detach()), peer_host=host, peer_port=port)
