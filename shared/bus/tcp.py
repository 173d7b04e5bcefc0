"""NATS over TCP (``nats://``, ``tls://``): four times cheaper for bulk than WebSocket, which masks every octet."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import trio

from shared.bus.stream import RECEIVE_CHUNK, DirectStream, begin_tls, closing_on_error, open_stream
from shared.bus.transport import Transport, TransportLost

DEFAULT_PORT = 4222
MAX_GREETING = 64 * 1024  # octets of INFO


class TcpTransport(Transport):
    """``greeting`` is what was received before the stream went under TLS."""

    def __init__(self, stream: trio.abc.Stream, greeting: bytes) -> None:
        self._stream = stream
        self._greeting = greeting

    async def receive(self) -> bytes:
        if self._greeting:
            data, self._greeting = self._greeting, b""
            return data
        try:
            received = bytes(await self._stream.receive_some(RECEIVE_CHUNK))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise TransportLost("connection broken") from error
        if not received:
            raise TransportLost("connection closed")
        return received

    async def send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise TransportLost("connection broken") from error

    async def aclose(self) -> None:
        await trio.aclose_forcefully(self._stream)


async def connect_tcp(url: str, tls: ssl.SSLContext | None) -> Transport:
    """Open ``url``. A NATS server greets in clear and speaks TLS after that. Raises `TransportLost`."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    stream = await open_stream(host, parts.port or DEFAULT_PORT)
    if parts.scheme != "tls":
        return TcpTransport(stream, b"")
    async with closing_on_error(stream):
        greeting = await _greeting(stream)
        return TcpTransport(await begin_tls(stream, tls, host), greeting)


async def _greeting(stream: DirectStream) -> bytes:
    received = b""
    while not received.endswith(b"\r\n"):
        try:
            chunk = await stream.receive_some(RECEIVE_CHUNK)
        except trio.BrokenResourceError as error:
            raise TransportLost("connection broken") from error
        if not chunk or len(received) > MAX_GREETING:
            raise TransportLost("no greeting")
        received += chunk
    return received
