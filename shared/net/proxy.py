"""Reading a PROXY header from a connection that a balancer has just opened."""

from __future__ import annotations

import socket

import trio

from shared.net.shell import PeerGone, PeerTimeout
from shared.protocols import proxy


async def read_source(sock: socket.socket, timeout: float) -> proxy.Source | None:
    """The header at the start of the stream, and not one octet more; None when it says to believe the connection.

    Raises `ProtocolError`, `PeerGone`, or `PeerTimeout` when it is not whole after ``timeout`` seconds.
    """
    octets = bytearray()
    with trio.CancelScope(deadline=trio.current_time() + timeout):
        while (count := proxy.missing(octets)) > 0:
            await trio.lowlevel.wait_readable(sock)
            octets += _receive(sock, count)
        return proxy.parse(octets)
    raise PeerTimeout("no PROXY header")


def _receive(sock: socket.socket, count: int) -> bytes:
    try:
        data = sock.recv(count)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise PeerGone(error.strerror or "reset") from error
    if not data:
        raise PeerGone("closed in its PROXY header")
    return data
