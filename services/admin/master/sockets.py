"""Listening sockets, bound once by the master and shared by all replicas of a service.

A replica that dies leaves the waiting connections to its siblings, or to its successor: a client in the backlog
never learns of it. The children find their sockets in the environment (see `shared.net.listener`).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import NamedTuple

from shared.base.errors import StartError

BACKLOG = 1024


class Address(NamedTuple):
    """Where a named listener listens."""

    name: str
    host: str
    port: int


def bind(addresses: Iterable[Address]) -> dict[str, socket.socket]:
    """One listening, inheritable socket for each address, by name. Raises `StartError`: in use, not allowed."""
    bound: dict[str, socket.socket] = {}
    try:
        for address in addresses:
            bound[address.name] = _listen(address)
    except BaseException:
        for open_socket in bound.values():
            open_socket.close()
        raise
    return bound


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind((address.host, address.port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
        listening.set_inheritable(True)
    except OSError as error:
        listening.close()
        raise StartError(
            f"{address.name}: cannot listen on {address.host} port {address.port}: {error.strerror}"
        ) from error
    return listening
