"""Listening sockets: inherited from the master, or bound here.

The master binds once and hands the sockets to all replicas of a service; ``EILPOST_LISTENERS`` names them by their
file descriptors (``smtp=5 smtps=6``). Replicas share one backlog: when one dies, the others take its calls.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from shared.base.errors import ConfigurationError, StartError

VARIABLE = "EILPOST_LISTENERS"
BACKLOG = 1024


def inherited(environ: Mapping[str, str] = os.environ) -> dict[str, int]:
    """The file descriptors that the master named, by listener."""
    found: dict[str, int] = {}
    for word in environ.get(VARIABLE, "").split():
        name, _, descriptor = word.partition("=")
        if not name or not descriptor.isdigit():
            raise ConfigurationError(VARIABLE, word, "not name=descriptor", "write it like smtp=5 smtps=6")
        found[name] = int(descriptor)
    return found


def adopt(name: str, descriptor: int) -> socket.socket:
    """The inherited listening socket behind ``descriptor``, non-blocking."""
    try:
        sock = socket.socket(fileno=descriptor)
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise StartError(f"listener {name}: descriptor {descriptor} does not listen")
    except OSError as error:
        raise StartError(f"listener {name}: descriptor {descriptor}: {error.strerror}") from error
    sock.setblocking(False)
    return sock


def bind(name: str, host: str, port: int) -> socket.socket:
    """A new non-blocking listening socket. An empty host means all addresses, of both families where there are.

    Raises `StartError` when the address cannot be used.
    """
    host = host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError(f"listener {name}: {host}: {error.strerror}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise StartError(f"listener {name}: {host} port {port}: {error.strerror}") from error
    sock.setblocking(False)
    return sock
