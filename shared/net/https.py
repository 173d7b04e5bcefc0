"""One small document over HTTPS, from a server of the open Internet: verified, bounded, without redirects."""

from __future__ import annotations

import ssl

import h11
import trio

from shared.base.errors import EilpostError
from shared.net.dialer import dial
from shared.net.shell import Connection, PeerGone, PeerTimeout


class NotFetched(EilpostError):
    """There is no such document for us; the text says why."""


async def get_document(
    host: str, path: str, address: str, context: ssl.SSLContext, *, limit: int, timeout: float, port: int = 443
) -> bytes:
    """``https://host/path`` from the IP ``address``, at most ``limit`` octets within ``timeout`` seconds.

    Raises `NotFetched`, for every status but 200 as well.
    """
    with trio.move_on_after(timeout):
        try:
            connection = await dial(address, port, timeout)
            try:
                await connection.start_tls_as_client(context, host)
                return await _get(connection, host, path, limit, timeout)
            finally:
                connection.abandon()
        except (PeerGone, PeerTimeout, h11.RemoteProtocolError) as error:
            raise NotFetched(str(error)) from error
    raise NotFetched(f"not within {timeout:g} s")


async def _get(connection: Connection, host: str, path: str, limit: int, timeout: float) -> bytes:
    http = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target=path, headers=[("Host", host), ("Connection", "close")])
    await connection.send((http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b""))
    body = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await connection.receive(timeout))
        elif isinstance(event, h11.Response):
            if event.status_code != 200:
                raise NotFetched(f"the server answers {event.status_code}")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > limit:
                raise NotFetched(f"larger than {limit} octets")
        elif isinstance(event, h11.EndOfMessage):
            return body
        elif isinstance(event, h11.ConnectionClosed):
            raise NotFetched("the server closed the connection")
