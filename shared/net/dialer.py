"""Connections that we open: one address, one deadline."""

from __future__ import annotations

import socket

import trio

from shared.net.shell import Connection, PeerGone, PeerTimeout


async def dial(address: str, port: int, timeout: float, *, source: str = "") -> Connection:
    """A plain connection to the IP ``address`` within ``timeout`` seconds, or `PeerGone`, `PeerTimeout`.

    ``source`` is the local IP address to speak from; it serves for peers of its own family.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = trio.socket.socket(family, socket.SOCK_STREAM)
    try:
        with trio.fail_after(timeout):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source and (":" in source) == (":" in address):
                await sock.bind((source, 0))
            await sock.connect((address, port))
    except trio.TooSlowError as error:
        sock.close()
        raise PeerTimeout(f"no connection within {timeout:g} s") from error
    except OSError as error:
        sock.close()
        raise PeerGone(error.strerror or type(error).__name__) from error
    except BaseException:
        sock.close()
        raise
    return Connection(socket.socket(fileno=sock.detach()), peer_host=address, peer_port=port)
