"""Ports for servers that tests start.

The system gives ephemeral ports to whoever connects; one that was free a moment ago may be somebody's end of a
connection when the server binds it. These lie below that range.

Between the drawing of a port and the server's bind nobody holds it, so no two drawings may give the same: a process
gives none twice, suites that run side by side draw from parts of their own, and separate runs seldom meet, since the
order is drawn by lot.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterable

FIRST, LAST = 10_000, 32_000

_given: set[int] = set()


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A port for each name that nobody listens on now."""
    return {name: free_row(1) for name in names}


def free_port() -> int:
    """One."""
    return free_row(1)


def free_row(length: int) -> int:
    """The first of `length` neighbouring ports that nobody listens on now."""
    lot = random.SystemRandom()  # tests seed the shared one
    own = _part(os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    while True:
        first = lot.randrange(own.start, own.stop - length)
        row = range(first, first + length)
        if _given.isdisjoint(row) and all(map(_free, row)):
            _given.update(row)
            return first


def _part(worker: str, workers: int) -> range:
    """What one of several workers ("gw0", "gw1" ...) draws from; all of it where there is only one."""
    size = (LAST - FIRST) // workers
    start = FIRST + size * int(worker.removeprefix("gw") or 0)
    return range(start, start + size)


def _free(port: int) -> bool:
    with socket.socket() as held:
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
