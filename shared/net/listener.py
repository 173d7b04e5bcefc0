"""Accepting connections, and ending them all in good order.

Invariants:

1. One connection never takes others down: whatever its handler raises ends that connection alone.
2. What a stranger can make us hold is bounded before the handler runs: connections in all and per address, the time
   for a PROXY header and for a TLS handshake.
3. After `serve_connections` returned, no socket of it is open.
4. Who was in the backlog of a port of ours when we stopped to listen is served; that of an inherited one is left to
   the siblings.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import trio
from structlog.typing import FilteringBoundLogger

from shared.base.errors import ConfigurationError
from shared.net.limits import Admission, ConnectionLimits, Network, contains, networks
from shared.net.proxy import read_source
from shared.net.shell import Connection, PeerGone, PeerTimeout, close_gently
from shared.net.sockets import adopt, bind, inherited
from shared.protocols.errors import ProtocolError

BREATH = 0.1  # seconds without accepting when descriptors or memory ran out
TOO_MANY = "too many connections"
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_MODES = frozenset({"none", "starttls", "implicit"})
_DEFAULT_LIMITS = ConnectionLimits()


@dataclass(frozen=True)
class ListenerSpec:
    """One port of a service."""

    name: str  # "smtp", "imaps", ...: the master hands over its socket by this name
    host: str
    port: int
    tls: str  # "none", "starttls" or "implicit"
    proxy: tuple[str, ...] = ()  # networks whose PROXY header is required and believed; empty: no PROXY protocol

    def __post_init__(self) -> None:
        if self.tls not in _MODES:
            raise ValueError(f"listener {self.name}: tls is none, starttls or implicit")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"listener {self.name}: port {self.port} is none")
        networks(self.proxy)


Handler = Callable[[Connection, ListenerSpec], Awaitable[None]]


class ConnectionCounts(Protocol):
    """Who wants to know how many connections there are (`shared.runtime.health.Health`)."""

    def opened(self, listener: str) -> None: ...

    def closed(self, listener: str) -> None: ...

    def refused(self, listener: str) -> None: ...

    def failed(self, listener: str) -> None:
        """A handler ended with an error that is our bug."""


async def serve_connections(
    specs: Sequence[ListenerSpec],
    handler: Handler,
    *,
    tls: ssl.SSLContext | None,
    draining: trio.Event,
    drain_timeout: float,
    log: FilteringBoundLogger,
    limits: ConnectionLimits = _DEFAULT_LIMITS,
    admission: Admission | None = None,
    metrics: ConnectionCounts | None = None,
    too_many: Callable[[ListenerSpec], bytes] | None = None,
    environ: Mapping[str, str] = os.environ,
    on_listening: Callable[[Mapping[str, tuple[str, int]]], None] | None = None,
) -> bool:
    """Serve all ``specs`` until ``draining`` is set, then wait ``drain_timeout`` seconds for the handlers to end.

    ``handler`` gets each connection, under TLS already where the listener says "implicit", and need not close it.
    Connections beyond the limits are told ``too_many(spec)`` (in plaintext ports) and closed; ``admission`` counts
    them, where somebody else wants to know. ``on_listening`` is called once with the bound addresses by listener
    name. Answers whether all handlers ended by themselves. Raises `StartError` when a port cannot be bound.
    """
    require_certificate(specs, tls)
    service = _Service(handler, tls, limits, admission or Admission(limits), log, metrics, too_many)
    listening = open_listeners(specs, environ)
    try:
        if on_listening is not None:
            on_listening({spec.name: sock.getsockname()[:2] for spec, sock in listening})
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                for spec, sock in listening:
                    accepting.start_soon(service.accept, spec, sock, connections)
                await draining.wait()
                accepting.cancel_scope.cancel()
            handed_over = inherited(environ)
            for spec, sock in listening:
                if spec.name not in handed_over:
                    service.empty(spec, sock, connections)
                sock.close()
            connections.cancel_scope.deadline = trio.current_time() + drain_timeout
    finally:
        for _, sock in listening:
            sock.close()
    cut = connections.cancel_scope.cancelled_caught
    if cut:
        log.warning("drain.cut", seconds=drain_timeout)
    return not cut


def require_certificate(specs: Sequence[ListenerSpec], tls: ssl.SSLContext | None) -> None:
    """`ConfigurationError` when a listener speaks TLS from its first octet but there is no certificate."""
    for spec in specs:
        if spec.tls == "implicit" and tls is None:
            raise ConfigurationError(
                "[tls]",
                "tls.certificate",
                f"missing, and listener {spec.name} needs it",
                "name it, or set the port to 0",
            )


def open_listeners(
    specs: Sequence[ListenerSpec], environ: Mapping[str, str] = os.environ
) -> list[tuple[ListenerSpec, socket.socket]]:
    """The listening socket of each spec, inherited or bound; on `StartError` none is left open."""
    handed_over = inherited(environ)
    opened: list[tuple[ListenerSpec, socket.socket]] = []
    try:
        for spec in specs:
            if spec.name in handed_over:
                opened.append((spec, adopt(spec.name, handed_over[spec.name])))
            else:
                opened.append((spec, bind(spec.name, spec.host, spec.port)))
    except BaseException:
        for _, sock in opened:
            sock.close()
        raise
    return opened


class _Service:
    """What all connections of one `serve_connections` share."""

    def __init__(
        self,
        handler: Handler,
        tls: ssl.SSLContext | None,
        limits: ConnectionLimits,
        admission: Admission,
        log: FilteringBoundLogger,
        metrics: ConnectionCounts | None,
        too_many: Callable[[ListenerSpec], bytes] | None,
    ) -> None:
        self.handler = handler
        self.tls = tls
        self.limits = limits
        self.log = log
        self.metrics = metrics
        self.too_many = too_many
        self.admission = admission

    async def accept(self, spec: ListenerSpec, listening: socket.socket, connections: trio.Nursery) -> None:
        """Take calls for ever, one at each turn, so that replicas that share the socket share the work."""
        trusted = networks(spec.proxy)
        while True:
            await trio.lowlevel.wait_readable(listening)
            try:
                sock, address = listening.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self.log.error("connection.not_accepted", listener=spec.name, reason=error.strerror)
                    await trio.sleep(BREATH)
                # Else another replica was faster, or the peer has gone again already.
            else:
                self.take(spec, sock, address, trusted, connections)

    def empty(self, spec: ListenerSpec, listening: socket.socket, connections: trio.Nursery) -> None:
        """Take all calls that wait already."""
        with suppress(OSError):
            while True:
                self.take(spec, *listening.accept(), networks(spec.proxy), connections)

    def take(
        self,
        spec: ListenerSpec,
        sock: socket.socket,
        address: tuple[str, int],
        trusted: Sequence[Network],
        connections: trio.Nursery,
    ) -> None:
        """Begin to serve a call, if it comes from where calls may come from and there is room."""
        if trusted and not contains(trusted, _host(address)):
            self.refuse(spec, sock, _host(address), "not a trusted balancer")
        elif self.admission.full:
            self.refuse(spec, sock, _host(address), TOO_MANY)
        else:
            self.admission.open += 1
            connections.start_soon(self.serve, spec, sock, address, bool(trusted))

    async def serve(self, spec: ListenerSpec, sock: socket.socket, address: tuple[str, int], proxied: bool) -> None:
        """One connection, from its acceptance to its close."""
        try:
            sock.setblocking(False)
            with suppress(OSError):  # the peer may have gone, or the socket is not TCP
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            host, port, local_port = _host(address), address[1], sock.getsockname()[1]
            if proxied and (source := await read_source(sock, self.limits.proxy_timeout)) is not None:
                host, port, local_port = source
            await self.admitted(spec, sock, host, port, local_port)
        except (PeerGone, PeerTimeout, ProtocolError, OSError) as error:
            self.log.info("connection.broken", listener=spec.name, remote_ip=_host(address), reason=str(error))
        finally:
            self.admission.open -= 1
            if sock.fileno() >= 0:
                close_gently(sock)

    async def admitted(self, spec: ListenerSpec, sock: socket.socket, host: str, port: int, local_port: int) -> None:
        key = self.admission.admit(host)
        if key is None:
            self.refuse(spec, sock, host, TOO_MANY)
            return
        connection = Connection(
            sock,
            peer_host=host,
            peer_port=port,
            local_port=local_port,
            context=None if spec.tls == "none" else self.tls,
            handshake_timeout=self.limits.handshake_timeout,
        )
        if self.metrics is not None:
            self.metrics.opened(spec.name)
        try:
            if spec.tls == "implicit":
                await connection.start_tls()
            await self.handle(connection, spec)
        finally:
            await connection.aclose()
            self.admission.release(key)
            if self.metrics is not None:
                self.metrics.closed(spec.name)

    async def handle(self, connection: Connection, spec: ListenerSpec) -> None:
        """Run the handler; the one place where its bugs are caught."""
        try:
            await self.handler(connection, spec)
        except (PeerGone, PeerTimeout):
            pass
        except Exception as error:  # noqa: BLE001 - a session's one catch point
            self.report(error, connection, spec)
        except BaseExceptionGroup as group:
            ours, cancelled = group.split(Exception)
            if ours is not None:
                self.report(ours, connection, spec)
            if cancelled is not None:
                raise cancelled from None

    def report(self, error: BaseException, connection: Connection, spec: ListenerSpec) -> None:
        if isinstance(error, BaseExceptionGroup):
            _, rest = error.split((PeerGone, PeerTimeout))
            if rest is None:
                return
            error = rest
        self.log.error(
            "connection.bug",
            session=connection.id,
            listener=spec.name,
            remote_ip=connection.peer_host,
            exc_info=error,
        )
        if self.metrics is not None:
            self.metrics.failed(spec.name)

    def refuse(self, spec: ListenerSpec, sock: socket.socket, host: str, reason: str) -> None:
        """Close without waiting; who comes too often is told so, where he would understand it."""
        self.log.info("connection.refused", listener=spec.name, remote_ip=host, reason=reason)
        if self.metrics is not None:
            self.metrics.refused(spec.name)
        sock.setblocking(False)
        if reason is TOO_MANY and self.too_many is not None and spec.tls != "implicit":
            with suppress(OSError):
                sock.send(self.too_many(spec))
        close_gently(sock)


def _host(address: tuple[str, int]) -> str:
    """The peer's address as text, IPv4 as such even on a socket of both families."""
    return address[0].removeprefix("::ffff:") if "." in address[0] else address[0]
