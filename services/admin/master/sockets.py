"""Listening sockets, bound once by the master and shared by all replicas of a service.

A replica that dies leaves the waiting connections to its siblings, or to its successor: a client in the backlog
never learns of it. The children find their sockets in the environment (see `shared.net.sockets`).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple

from shared.net.sockets import bind


class Address(NamedTuple):
    """Where a named listener listens."""

    name: str
    host: str
    port: int


def bind_all(addresses: Iterable[Address]) -> dict[str, socket.socket]:
    """One listening, inheritable socket for each address, by name; all or, with `StartError`, none."""
    bound: dict[str, socket.socket] = {}
    with ExitStack() as undo:
        for address in addresses:
            listening = undo.enter_context(bind(*address))
            listening.set_inheritable(True)
            bound[address.name] = listening
        undo.pop_all()
    return bound
