"""One next hop: what waits for it, and how much of it may be on its way at the same time.

Invariants:
1. Connections grow one by one as letters get through, from the first window to the widest, and halve with each
   failure: a server that struggles is not pushed over.
2. One more connection is opened only where it pays: as long as the letters that wait keep those that are there busy
   for several times as long as it takes to open one.
3. Letters of higher priority go first; among equals, senders take turns, so that one mailing does not block a letter.
"""

from __future__ import annotations

from collections import deque

import trio

from services.delivery.outbound.parcel import Parcel
from services.delivery.outbound.routes import NextHop
from services.delivery.outbound.trouble import Undeliverable

_PAYS = 4.0  # times the opening
_WEIGHT = 0.2  # of the newest measurement


class Destination:
    """Times are on the trio clock."""

    def __init__(self, hop: NextHop, first_window: int, widest_window: int) -> None:
        self.hop = hop
        self.workers = 0
        self.beginning = 0  # workers that have taken no parcel yet
        self.idle = 0  # those that wait for one with their connection open
        self.waiting = 0  # parcels
        self.trouble: Undeliverable | None = None
        self.suspended_until = 0.0
        self._window = first_window
        self._widest = widest_window
        self._queues: dict[int, dict[str, deque[Parcel]]] = {}  # by priority, then by sender
        self._bell = trio.Event()
        self._opening = self._sending = 0.0  # seconds of a connection's opening and of a letter, as measured lately

    @property
    def wants_worker(self) -> bool:
        """Whether another connection would be of use, and is allowed."""
        if self.workers >= self._window or self.waiting <= self.idle + self.beginning:
            return False
        return not self.workers or self.waiting * self._sending >= _PAYS * self.workers * self._opening

    def add(self, parcel: Parcel) -> None:
        """One more waits."""
        senders = self._queues.setdefault(parcel.consignment.letter.priority, {})
        senders.setdefault(parcel.sender, deque()).append(parcel)
        self.waiting += 1
        self._bell.set()

    def next(self) -> Parcel | None:
        """The next in turn."""
        if not self._queues:
            return None
        priority = max(self._queues) if len(self._queues) > 1 else next(iter(self._queues))
        senders = self._queues[priority]
        sender = next(iter(senders))
        queue = senders.pop(sender)
        parcel = queue.popleft()
        if queue:
            senders[sender] = queue  # behind the others
        elif not senders:
            del self._queues[priority]
        self.waiting -= 1
        return parcel

    async def next_within(self, seconds: float) -> Parcel | None:
        """The next in turn, waited for."""
        parcel = self.next()
        if parcel is not None:
            return parcel
        self.idle += 1
        try:
            with trio.move_on_after(seconds):
                while not self.waiting:
                    self._bell = trio.Event()
                    await self._bell.wait()
        finally:
            self.idle -= 1
        return self.next()

    def ring(self) -> None:
        """Let those who wait for a parcel look whether they should go."""
        self._bell.set()

    def opened(self, seconds: float) -> None:
        """A connection stands, after so long."""
        self._opening = _smoothed(self._opening, seconds)

    def succeeded(self, seconds: float) -> None:
        """A letter got through, after so long."""
        self.trouble = None
        self._sending = _smoothed(self._sending, seconds)
        self._window = min(self._widest, self._window + 1)

    def failed(self) -> None:
        """A connection failed."""
        self._window = max(1, self._window // 2)

    def suspend(self, trouble: Undeliverable, until: float) -> None:
        """Nobody can be reached there: what comes until then need not try."""
        self.trouble, self.suspended_until = trouble, until

    def is_suspended(self, now: float) -> bool:
        """Whether to refuse parcels for what `trouble` says."""
        return self.trouble is not None and now < self.suspended_until


def _smoothed(before: float, now: float) -> float:
    return before + _WEIGHT * (now - before) if before else now
