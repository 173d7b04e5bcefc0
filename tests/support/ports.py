"""Ports for servers that tests start.

The system gives ephemeral ports to whoever connects; one that was free a moment ago may be somebody's end of a
connection when the server binds it. These lie below that range, and their order is drawn by lot, so that suites that
run side by side seldom meet; whoever does meet another tries the next.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

FIRST, LAST = 10_000, 32_000


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A port for each name that nobody listens on now."""
    held: list[socket.socket] = []
    ports: dict[str, int] = {}
    try:
        for name in names:
            holder = socket.socket()
            held.append(holder)
            ports[name] = _bound(holder)
    finally:
        for holder in held:
            holder.close()
    return ports


def free_port() -> int:
    """One."""
    return free_ports(("",))[""]


def _bound(holder: socket.socket) -> int:
    lot = random.SystemRandom()  # tests seed the shared one
    while True:
        port = lot.randrange(FIRST, LAST)
        try:
            holder.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
