"""A TCP stream to the broker that waits only where it must.

`trio.SocketStream` gives all other tasks a turn at every call. Here whoever calls has waited for a lock or a queue
already, so that turn would only be one more between a question and its answer: calls of one at a time cost a quarter
less without it. What arrives is read when the kernel says that it is there, never tried before.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import IPPROTO_TCP, TCP_NODELAY, socket

import trio

from shared.bus.transport import TransportLost

RECEIVE_CHUNK = 64 * 1024  # octets


class DirectStream(trio.abc.Stream):
    """Over a connected socket, which it owns. `send_all` is a checkpoint only when the kernel's buffer is full."""

    def __init__(self, sock: socket) -> None:
        sock.setblocking(False)
        self._socket = sock

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await self.wait_send_all_might_not_block()
            except OSError as error:
                raise self._broken(error) from error

    async def wait_send_all_might_not_block(self) -> None:
        self._require_open()
        await trio.lowlevel.wait_writable(self._socket)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        while True:
            self._require_open()
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(max_bytes or RECEIVE_CHUNK)
            except BlockingIOError:
                pass  # somebody woke us for nothing
            except OSError as error:
                raise self._broken(error) from error

    async def aclose(self) -> None:
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
        await trio.lowlevel.checkpoint()

    def _require_open(self) -> None:
        if self._socket.fileno() < 0:
            raise trio.ClosedResourceError("closed here")

    def _broken(self, error: OSError) -> Exception:
        if self._socket.fileno() < 0:
            return trio.ClosedResourceError("closed here")
        return trio.BrokenResourceError(f"connection broken: {error}")


async def open_stream(host: str, port: int) -> DirectStream:
    """Connect to whichever address of ``host`` answers first. Raises `TransportLost`."""
    try:
        opened = await trio.open_tcp_stream(host, port)
    except OSError as error:
        raise TransportLost(f"{type(error).__name__}: {error}") from error
    sock = socket(fileno=opened.socket.detach())
    sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return DirectStream(sock)


async def begin_tls(
    stream: DirectStream, tls: ssl.SSLContext | None, host: str, *, https: bool = False
) -> trio.SSLStream[DirectStream]:
    """TLS with ``host``, trusted as ``tls`` says, else as the system does; ``https``: an end need not be announced.

    Raises `TransportLost`, which says what is wrong.
    """
    secure = trio.SSLStream(stream, tls or ssl.create_default_context(), server_hostname=host, https_compatible=https)
    try:
        await secure.do_handshake()
    except trio.BrokenResourceError as error:
        raise TransportLost(f"TLS with the broker failed: {error.__cause__ or error}") from error
    return secure


@asynccontextmanager
async def closing_on_error(stream: DirectStream) -> AsyncIterator[None]:
    """Close ``stream`` if what happens within comes to nothing."""
    try:
        yield
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
