"""HTTP/1.1 for our own ports: health, metrics and the data plane. h11 keeps the protocol, `Connection` the bytes.

Bodies are streamed both ways in pieces of at most `PIECE` octets, so memory does not follow their size. A request
whose body its handler left unread ends the connection after the response.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

import h11
import trio
from structlog.typing import FilteringBoundLogger

from shared.net.limits import ConnectionLimits
from shared.net.listener import ConnectionCounts, ListenerSpec, serve_connections
from shared.net.shell import Connection, PeerGone

PIECE = 256 * 1024  # octets
HEAD_MAX = 16 * 1024  # octets of a request line and its header fields
_MANY = ConnectionLimits(connections_per_address=1_000)


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose header has arrived. ``body`` may be iterated once, and raises `PeerGone` when it is cut off."""

    method: str
    target: str  # path and query, as sent
    headers: Mapping[str, str]  # names in lower case
    body: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler answers. An iterated body is sent in chunks unless ``length`` says its octets beforehand."""

    status: int
    body: bytes | AsyncIterator[bytes] = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None


RequestHandler = Callable[[Request], Awaitable[Response]]


async def serve_http(
    specs: Sequence[ListenerSpec],
    handler: RequestHandler,
    *,
    draining: trio.Event,
    drain_timeout: float,
    log: FilteringBoundLogger,
    tls: ssl.SSLContext | None = None,
    limits: ConnectionLimits = _MANY,
    metrics: ConnectionCounts | None = None,
    idle_timeout: float = 60.0,
    on_listening: Callable[[Mapping[str, tuple[str, int]]], None] | None = None,
) -> None:
    """Answer requests on ``specs`` with ``handler`` until ``draining``; see `serve_connections`.

    A peer that neither sends nor reads for ``idle_timeout`` seconds is closed.
    """

    waiting = Waiting()

    async def serve(connection: Connection, spec: ListenerSpec) -> None:
        await answer_requests(connection, handler, idle_timeout, waiting)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(waiting.dismiss_when, draining)
        await serve_connections(
            specs,
            serve,
            tls=tls,
            draining=draining,
            drain_timeout=drain_timeout,
            log=log,
            limits=limits,
            metrics=metrics,
            on_listening=on_listening,
        )
        nursery.cancel_scope.cancel()


class Waiting:
    """The connections that wait for their next request: when we drain, nobody should wait for them."""

    def __init__(self) -> None:
        self.over = False
        self._scopes: set[trio.CancelScope] = set()

    async def dismiss_when(self, draining: trio.Event) -> None:
        """End them all when ``draining`` is set."""
        await draining.wait()
        self.over = True
        for scope in self._scopes:
            scope.cancel()

    @contextmanager
    def request(self) -> Iterator[None]:
        """While the header of the next request has not arrived. Left early, silently, when we drain."""
        with trio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)


async def answer_requests(
    connection: Connection, handler: RequestHandler, timeout: float, waiting: Waiting | None = None
) -> None:
    """One request after the other, until the peer has no more, breaks the protocol, or we drain."""
    exchange = _Exchange(connection, timeout, waiting or Waiting())
    while await exchange.answer_one(handler):
        pass


class _Exchange:
    """The requests of one connection."""

    def __init__(self, connection: Connection, timeout: float, waiting: Waiting) -> None:
        self._connection = connection
        self._timeout = timeout
        self._waiting = waiting
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX)

    async def answer_one(self, handler: RequestHandler) -> bool:
        """Answer the next request; whether there may be another one after it."""
        event: object = None
        try:
            with self._waiting.request():
                event = await self._next_event()
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint)
            return False
        if not isinstance(event, h11.Request):
            return False
        async with aclosing(self._body()) as body:
            request = Request(
                event.method.decode("ascii"),
                event.target.decode("ascii"),
                {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers},
                body,
            )
            try:
                response = await handler(request)
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint)
                return False
            except Exception:
                await self._refuse(500)
                raise
            await self._send(response, request.method, close=self._waiting.over)
        if self._http.their_state is h11.SEND_BODY:
            self._http.next_event()  # the end of a request without a body, which the handler did not ask for
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._transmit(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._connection.receive(self._timeout, PIECE))
        return event

    async def _body(self) -> AsyncGenerator[bytes, None]:
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise PeerGone("closed in its request body")

    async def _refuse(self, status: int) -> None:
        """A bare status, if nothing has been answered yet; the connection ends after it."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await self._send(Response(status), "", close=True)

    async def _send(self, response: Response, method: str, *, close: bool) -> None:
        body = response.body
        length = len(body) if isinstance(body, bytes) else response.length
        headers = [*response.headers]
        headers.append(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length)))
        if close:
            headers.append(("Connection", "close"))
        head = self._http.send(h11.Response(status_code=response.status, headers=headers)) or b""
        if isinstance(body, bytes):
            data = b"" if method == "HEAD" else self._http.send(h11.Data(data=body)) or b""
            await self._connection.send(b"".join((head, data, self._http.send(h11.EndOfMessage()) or b"")))
            return
        await self._connection.send(head)
        try:
            if method != "HEAD":
                async for piece in body:
                    await self._transmit(h11.Data(data=piece))
        finally:
            if isinstance(body, AsyncGenerator):
                await body.aclose()
        await self._transmit(h11.EndOfMessage())

    async def _transmit(self, event: h11.Event) -> None:
        for part in self._http.send_with_data_passthrough(event) or ():
            if part:
                await self._connection.send(part)


def content_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The one range ``bytes=first-last`` that is asked for, as (offset, length); None: send the whole.

    Raises ValueError when the range lies outside ``size`` octets (416, RFC 9110 section 14.4).
    """
    if header is None or not header.startswith("bytes=") or "," in header:
        return None
    first, dash, last = header.removeprefix("bytes=").strip().partition("-")
    if not dash or not (first + last).isdigit():
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= end:
        raise ValueError("range outside the body")
    return start, end - start
