"""How long servers may take: one clock for all sessions, since a timer for each wait would cost as much as the wait.

Invariant: a server that has been silent beyond its time is cut off within `_LOOK` seconds, and the wait for it ends
in `PeerTimeout`.
"""

from __future__ import annotations

from math import inf

import trio

from shared.net.shell import Connection, PeerGone, PeerTimeout

_LOOK = 0.5  # seconds
_CUT = -inf


class Patience:
    """The clock; it must `run`."""

    def __init__(self) -> None:
        self._until: dict[Connection, float] = {}  # trio time

    async def receive(self, connection: Connection, seconds: float, *, later: bool) -> bytes:
        """As `Connection.receive`. Raises `PeerGone`, `PeerTimeout`."""
        self._until[connection] = trio.current_time() + seconds
        try:
            return await connection.receive(inf, later=later)
        except PeerGone as error:
            if self._until[connection] == _CUT:
                raise PeerTimeout(f"nothing received for {seconds:g} s") from error
            raise
        finally:
            del self._until[connection]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await trio.sleep(_LOOK)
            now = trio.current_time()
            for connection in [each for each, until in self._until.items() if until <= now]:
                self._until[connection] = _CUT
                connection.abandon()
