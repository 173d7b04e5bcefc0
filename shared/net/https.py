"""One small document over HTTPS, from a server of the open Internet: verified, bounded, without redirects."""

from __future__ import annotations

import ssl

import h11
import trio

from shared.base.errors import EilpostError
from shared.net.dialer import dial
from shared.net.shell import Connection, PeerGone, PeerTimeout

_ANSWER = 64 * 1024  # octets of what a server says to what it was given


class NotFetched(EilpostError):
    """There is no such document for us; the text says why."""


class Untrusted(NotFetched):
    """The server is not the one that we meant."""


async def get_document(
    host: str, path: str, address: str, context: ssl.SSLContext, *, limit: int, timeout: float, port: int = 443
) -> bytes:
    """``https://host/path`` from the IP ``address``, at most ``limit`` octets within ``timeout`` seconds.

    Raises `NotFetched`, for every status but 200 as well.
    """
    request = _request("GET", path, [("Host", host)])
    return await _exchange(host, address, context, request, b"", limit=limit, timeout=timeout, port=port)


async def post_document(
    host: str, path: str, address: str, context: ssl.SSLContext, body: bytes, kind: str, *, timeout: float, port: int
) -> None:
    """Hand in ``body``, of media type ``kind``. Raises `NotFetched` unless it was taken (2xx)."""
    request = _request("POST", path, [("Host", host), ("Content-Type", kind), ("Content-Length", str(len(body)))])
    await _exchange(host, address, context, request, body, limit=_ANSWER, timeout=timeout, port=port)


def _request(method: str, path: str, headers: list[tuple[str, str]]) -> h11.Request:
    """Host and path may be a stranger's choice: what HTTP cannot say is `NotFetched`."""
    try:
        return h11.Request(method=method, target=path, headers=[*headers, ("Connection", "close")])
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise NotFetched(f"nobody can be asked for that: {error}") from error


async def _exchange(
    host: str,
    address: str,
    context: ssl.SSLContext,
    request: h11.Request,
    body: bytes,
    *,
    limit: int,
    timeout: float,
    port: int,
) -> bytes:
    with trio.move_on_after(timeout):
        try:
            connection = await dial(address, port, timeout)
            try:
                await connection.start_tls_as_client(context, host)
                return await _ask(connection, request, body, limit, timeout)
            finally:
                connection.abandon()
        except (PeerGone, PeerTimeout, h11.RemoteProtocolError) as error:
            untrusted = isinstance(error.__cause__, ssl.SSLCertVerificationError)
            raise (Untrusted if untrusted else NotFetched)(str(error)) from error
    raise NotFetched(f"not within {timeout:g} s")


async def _ask(connection: Connection, request: h11.Request, sent: bytes, limit: int, timeout: float) -> bytes:
    http = h11.Connection(h11.CLIENT)
    head = http.send(request) or b""
    if sent:
        head += http.send(h11.Data(data=sent)) or b""
    end = http.send(h11.EndOfMessage()) or b""
    await connection.send(head + end)
    taken = range(200, 300) if request.method == b"POST" else range(200, 201)
    body = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await connection.receive(timeout))
        elif isinstance(event, h11.Response):
            if event.status_code not in taken:
                raise NotFetched(f"the server answers {event.status_code}")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > limit:
                raise NotFetched(f"larger than {limit} octets")
        elif isinstance(event, h11.EndOfMessage):
            return body
        elif isinstance(event, h11.ConnectionClosed):
            raise NotFetched("the server closed the connection")
