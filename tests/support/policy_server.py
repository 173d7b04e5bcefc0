"""A web server for tests that serves one document over HTTPS."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class PolicyServer:
    """``text`` may change; ``asked`` counts requests."""

    def __init__(self, context: ssl.SSLContext, text: bytes) -> None:
        self.context = context
        self.text = text
        self.status = 200
        self.asked = 0
        self.received: list[bytes] = []  # whole requests with a body
        self.port = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one request."""
        tls = trio.SSLStream(stream, self.context, server_side=True, https_compatible=True)
        try:
            request = b""
            while b"\r\n\r\n" not in request:
                octets = await tls.receive_some(4096)
                if not octets:
                    return
                request += octets
            await self._body(tls, request)
            self.asked += 1
            head = (
                f"HTTP/1.1 {self.status} Ok\r\nContent-Type: text/plain\r\nContent-Length: {len(self.text)}\r\n\r\n"
            )
            await tls.send_all(head.encode() + self.text)
        except (trio.BrokenResourceError, ssl.SSLError):
            return
        finally:
            await trio.aclose_forcefully(tls)

    async def _body(self, tls: trio.SSLStream[trio.SocketStream], request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        _, found, length = head.lower().partition(b"content-length:")
        if found:
            while len(body) < int(length.partition(b"\r")[0]):
                body += await tls.receive_some(4096)
            self.received.append(head + b"\r\n\r\n" + body)


@asynccontextmanager
async def policy_server(context: ssl.SSLContext, text: bytes) -> AsyncIterator[PolicyServer]:
    """A running `PolicyServer`."""
    server = PolicyServer(context, text)
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server.port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, server.serve, listeners)
        yield server
        nursery.cancel_scope.cancel()
