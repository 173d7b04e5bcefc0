"""NATS over WebSocket (``ws://``, ``wss://``), the transport that passes every proxy."""

from __future__ import annotations

import ssl
from typing import cast
from urllib.parse import urlsplit

import trio
import trio_websocket

from shared.bus.stream import RECEIVE_CHUNK, begin_tls, closing_on_error, open_stream
from shared.bus.transport import Transport, TransportLost

# One WebSocket message of the broker may carry all that it had pending for us: up to max_pending (8 MB).
MAX_MESSAGE = 16 * 1024 * 1024  # octets


class WebSocketTransport(Transport):
    def __init__(self, connection: trio_websocket.WebSocketConnection) -> None:
        self._connection = connection

    async def receive(self) -> bytes:
        try:
            message = await self._connection.get_message()
        except trio_websocket.ConnectionClosed as error:
            raise TransportLost("websocket closed") from error
        return message if isinstance(message, bytes) else message.encode()

    async def send(self, data: bytes) -> None:
        try:
            await self._connection.send_message(data)
        except trio_websocket.ConnectionClosed as error:
            raise TransportLost("websocket closed") from error

    async def aclose(self) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await self._connection.aclose()


async def connect_websocket(nursery: trio.Nursery, url: str, tls: ssl.SSLContext | None) -> Transport:
    """Open ``url``; a task of the connection runs in ``nursery``. Raises `TransportLost`."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "127.0.0.1", parts.scheme == "wss"
    stream = await open_stream(host, parts.port or (443 if secure else 80))
    async with closing_on_error(stream):
        wire = await begin_tls(stream, tls, host, https=True) if secure else stream
        try:
            connection = await trio_websocket.wrap_client_stream(
                nursery,
                cast("trio.SocketStream", wire),  # as it is annotated; it takes any stream
                parts.netloc.rpartition("@")[2],
                (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                max_message_size=MAX_MESSAGE,
                receive_buffer_size=RECEIVE_CHUNK,
            )
        except (trio.BrokenResourceError, trio_websocket.HandshakeError) as error:
            raise TransportLost(f"{type(error).__name__}: {error}") from error
    return WebSocketTransport(connection)
