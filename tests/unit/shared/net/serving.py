"""A listener on loopback for one test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
import trio

from shared.net.limits import ConnectionLimits
from shared.net.listener import Handler, ListenerSpec, serve_connections


@dataclass
class Counts:
    """Remembers what a listener reports."""

    now: int = 0
    events: list[str] = field(default_factory=list)

    def opened(self, listener: str) -> None:
        self.now += 1
        self.events.append("opened")

    def closed(self, listener: str) -> None:
        self.now -= 1
        self.events.append("closed")

    def refused(self, listener: str) -> None:
        self.events.append("refused")

    def failed(self, listener: str) -> None:
        self.events.append("failed")


@dataclass
class Served:
    """What a test sees of the running listener."""

    counts: Counts
    log: structlog.testing.CapturingLogger
    draining: trio.Event
    ended: trio.Event
    port: int = 0

    async def connect(self, source: str = "127.0.0.1") -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port, local_address=source)

    def events(self) -> list[str]:
        """The names of the events logged so far."""
        return [call.args[0] for call in self.log.calls]

    def logged(self, event: str) -> dict[str, Any]:
        return next(call.kwargs for call in self.log.calls if call.args[0] == event)


@asynccontextmanager
async def serving(
    handler: Handler,
    *,
    mode: str = "none",
    context: ssl.SSLContext | None = None,
    limits: ConnectionLimits | None = None,
    proxy: tuple[str, ...] = (),
    drain_timeout: float = 5,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Served]:
    """``handler`` behind one port, until the block ends."""
    log = structlog.testing.CapturingLogger()
    served = Served(Counts(), log, trio.Event(), trio.Event())
    listening = trio.Event()

    def note(addresses: Mapping[str, tuple[str, int]]) -> None:
        served.port = addresses["test"][1]
        listening.set()

    async def serve() -> None:
        await serve_connections(
            [ListenerSpec("test", "127.0.0.1", 0, mode, proxy)],
            handler,
            tls=context,
            draining=served.draining,
            drain_timeout=drain_timeout,
            log=log,
            limits=limits or ConnectionLimits(),
            metrics=served.counts,
            too_many=lambda spec: b"421 too many\r\n",
            environ=environ or {},
            on_listening=note,
        )
        served.ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        await listening.wait()
        yield served
        served.draining.set()
        await served.ended.wait()


def reset(stream: trio.SocketStream) -> None:
    """Close so that the peer gets a reset."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    stream.socket.close()


async def read_all(stream: trio.abc.ReceiveStream) -> bytes:
    """Everything until the end of the stream."""
    return b"".join([piece async for piece in stream])
