"""Many IMAP sessions from one thread: each sends a command, waits for its tagged reply, and sends the next.

One thread and one epoll, because the load shares two cores with the servers it measures.
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence

from tests.bench.client import Client

TAG = b"b"
_TAGGED = TAG + b" "
_DONE = TAG + b" OK"


class Session:
    """One logged-in connection, and where its commands come from (each without its tag and line end)."""

    def __init__(self, client: Client, command: Callable[[], bytes]) -> None:
        self.client = client
        self.done = 0
        self._command = command
        self._tail = b""

    def send(self) -> None:
        self.client.send(_TAGGED + self._command() + b"\r\n")

    def advance(self) -> bool:
        """Read what is there; whether that ended the reply."""
        octets = self.client.receive()
        if not octets:
            raise EOFError("the server hung up")
        octets = self._tail + octets  # the tagged line may come in two pieces
        line = octets[octets.rfind(b"\r\n", 0, -2) + 2 :] if octets.count(b"\r\n", -512) > 1 else octets
        if not line.startswith(_TAGGED) or not line.endswith(b"\r\n"):
            self._tail = octets[-512:]
            return False
        if not line.startswith(_DONE):
            raise AssertionError(octets[-300:])
        self._tail = b""
        self.done += 1
        return True


def drive(sessions: Sequence[Session], seconds: float) -> int:
    """Have every session say one command after the other for so long; how many were answered."""
    before = 0
    with selectors.DefaultSelector() as selector:
        for session in sessions:
            before += session.done
            selector.register(session.client, selectors.EVENT_READ, session)
            session.send()
        end = time.perf_counter() + seconds
        busy = len(selector.get_map())
        while busy:
            for key, _ in selector.select():
                if not key.data.advance():
                    continue
                if time.perf_counter() < end:
                    key.data.send()
                else:
                    busy -= 1
        return sum(session.done for session in sessions) - before


def drive_paced(sessions: Sequence[Session], rate: float, seconds: float) -> int:
    """Have ``rate`` commands said a second for so long, by one session after the other; how many were answered.

    Where all sessions wait for answers, a command comes late.
    """
    left = round(rate * seconds)
    done = sum(session.done for session in sessions)
    idle = deque(sessions)
    due = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for session in sessions:
            selector.register(session.client, selectors.EVENT_READ, session)
        while left or len(idle) < len(sessions):
            wait = max(0.0, due - time.perf_counter()) if left and idle else None
            if wait == 0.0:
                idle.popleft().send()
                due += 1 / rate
                left -= 1
                continue
            idle.extend(key.data for key, _ in selector.select(wait) if key.data.advance())
    return sum(session.done for session in sessions) - done
