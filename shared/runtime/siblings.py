"""What the processes of one service tell each other, so that a limit holds for all of them together.

Each tells the others, once a second, which keys hold a share of the limit or more with it: all of them each time, so
that a lost notice is a late one. Nobody is asked and nobody waits: to let somebody in costs a look into a dictionary.
A process that falls silent holds nothing any more; one that ends says so.

How far the limit may be overstepped: by what came in everywhere else within the last second (each process alone never
goes beyond it), and by one less than a share for each other process, which is never told.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from shared.bus.client import Bus
from shared.contracts.control import Held
from shared.contracts.op import Event
from shared.net.holdings import Holdings

TELL = 1.0  # seconds between two notices, while there is something to tell
SILENT = 3.0  # seconds without a notice after which a process is taken to be gone
MOST = 2_000  # keys of one notice, 20 KB


def share_of(limit: int) -> int:
    """How much of ``limit`` a key must hold in one process to be told to the others."""
    return max(2, limit // 8)


class Siblings:
    """Shares ``holdings``, of which each key may have ``limit``, by means of ``event``."""

    def __init__(self, bus: Bus, event: Event[Held], holdings: Holdings, limit: int) -> None:
        self._bus = bus
        self._event = event
        self._holdings = holdings
        self._share = share_of(limit)
        self._heard: dict[str, float] = {}  # when (trio clock), by replica

    async def run(self) -> None:
        """Tell and hear, for ever."""
        subscription = self._bus.subscribe(self._event, self._hear)
        told = False
        try:
            while True:
                told = self._tell(told)
                self._forget(lambda heard: heard < trio.current_time() - SILENT)
                await trio.sleep(TELL)
        finally:
            subscription.close()
            self._forget(lambda heard: True)
            if told:
                self._bus.publish(self._event, Held(self._bus.replica))

    def _tell(self, told: bool) -> bool:
        """Whether there is something that the others know of us; ``told``: whether there was."""
        busiest = self._holdings.busiest(self._share, MOST)
        if busiest or told:
            self._bus.publish(self._event, Held(self._bus.replica, tuple(busiest), tuple(busiest.values())))
        return bool(busiest)

    def _hear(self, held: Held) -> None:
        if held.replica == self._bus.replica:
            return
        self._heard[held.replica] = trio.current_time()
        counts = zip(held.keys, held.counts, strict=False)
        self._holdings.told(held.replica, {key: count for key, count in counts if count > 0})

    def _forget(self, gone: Callable[[float], bool]) -> None:
        for replica in [replica for replica, heard in self._heard.items() if gone(heard)]:
            del self._heard[replica]
            self._holdings.told(replica, {})
