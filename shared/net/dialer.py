"""Connections that we open: one address, one deadline."""

from __future__ import annotations

import errno
import os
import socket

import trio

from shared.base.ip import ip_address
from shared.net.shell import Connection, PeerGone, PeerTimeout


async def dial(address: str, port: int, timeout: float, *, source: str = "") -> Connection:
    """A plain connection to the IP ``address`` within ``timeout`` seconds, or `PeerGone`, `PeerTimeout`.

    ``source`` is the local IP address to speak from; it serves for peers of its own family.
    """
    try:
        ip_address(address)  # the system would look a name up, and all would wait for it
    except ValueError as error:
        raise PeerGone(f"{address!r} is no IP address") from error
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source and (":" in source) == (":" in address):
            sock.bind((source, 0))
        await _connect(sock, (address, port), timeout)
    except trio.TooSlowError as error:
        sock.close()
        raise PeerTimeout(f"no connection within {timeout:g} s") from error
    except OSError as error:
        sock.close()
        raise PeerGone(error.strerror or type(error).__name__) from error
    except BaseException:
        sock.close()
        raise
    return Connection(sock, peer_host=address, peer_port=port)


async def _connect(sock: socket.socket, where: tuple[str, int], timeout: float) -> None:
    """On this machine there is mostly nothing to wait for: a second look finds the connection standing."""
    failed = sock.connect_ex(where)
    if failed == errno.EINPROGRESS:
        failed = sock.connect_ex(where)
    if failed == errno.EALREADY:
        with trio.fail_after(timeout):
            await trio.lowlevel.wait_writable(sock)
        failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failed:
        raise OSError(failed, os.strerror(failed))
