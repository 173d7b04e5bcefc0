"""The claim loop: finds letters that are due and hands them out in batches.

Invariants
1. A ring that comes while a claim is under way leads to another claim: the bell is cleared before asking.
2. A lost doorbell delays a letter by `poll` seconds at most, and a time of `next_due` is kept.
3. At most ``batches`` claims are worked on at a time, so that letters gather into large batches under load.
4. After ``draining`` nothing is claimed; the loop returns when the batches in hand are done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

import trio

from services.delivery.config import DeliverySettings
from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.contracts import spool
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Claim, Claimed, Letter, Ready
from shared.observe import tracing
from shared.observe.log import Log

Work = Callable[[Sequence[Letter], float], Awaitable[None]]

NOTHING = Claimed(())


class ClaimLoop:
    """Claims in one lane for one replica.

    ``work`` gets the letters and the Unix time of their claim, and must not raise; at most ``batches`` run at a time.
    """

    def __init__(
        self,
        bus: Bus,
        settings: DeliverySettings,
        work: Work,
        *,
        batches: int,
        far: bool = False,
        draining: trio.Event,
        wall_clock: Callable[[], float],
        log: Log,
    ) -> None:
        self._bus = bus
        self._settings = settings
        self._work = work
        self._batches = batches
        self._far = far
        self._draining = draining
        self._wall_clock = wall_clock
        self._log = log
        self._bell = trio.Event()
        self._failing = False

    async def run(self) -> None:
        """Until the process drains."""
        slots = trio.Semaphore(self._batches)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ring_at_drain)
            while not self._draining.is_set():
                await slots.acquire()
                self._bell = trio.Event()
                claimed = NOTHING if self._draining.is_set() else await self._claim()
                if claimed.letters:
                    nursery.start_soon(self._work_on, claimed.letters, slots)
                else:
                    slots.release()
                if not claimed.more:
                    await self._wait(claimed.next_due)

    def ring(self) -> None:
        """There may be something to claim."""
        self._bell.set()

    async def _ring_at_drain(self) -> None:
        await self._draining.wait()
        self.ring()

    async def _wait(self, next_due: float | None) -> None:
        """Until the bell rings, a known letter is due, or it is time to look anyway."""
        seconds = self._settings.poll
        if next_due is not None:
            seconds = min(seconds, max(0.0, next_due - self._wall_clock()))
        with trio.move_on_after(seconds):
            await self._bell.wait()

    async def _claim(self) -> Claimed:
        request = Claim(self._bus.replica, self._settings.batch, self._settings.lease, self._far)
        try:
            claimed = await self._bus.call(spool.claim, request)
        except (Refused, Unavailable) as error:
            if not self._failing:
                self._log.warning("delivery.cannot_claim", reason=str(error))
            self._failing = True
            return NOTHING
        if self._failing:
            self._log.info("delivery.claims_again")
            self._failing = False
        return claimed

    async def _work_on(self, letters: Sequence[Letter], slots: trio.Semaphore) -> None:
        try:
            if tracing.tracer is None:
                await self._work(letters, self._wall_clock())
            else:
                with tracing.tracer.under("delivery.claim", [letter.trace for letter in letters], new_ulid()):
                    await self._work(letters, self._wall_clock())
        finally:
            slots.release()


@contextmanager
def doorbell(bus: Bus, near: ClaimLoop, far: ClaimLoop) -> Iterator[None]:
    """Ring the loop whose lane has something; after a gap, both."""

    def ring(ready: Ready) -> None:
        if ready.letters:
            near.ring()
        if ready.far:
            far.ring()

    def ring_both() -> None:
        near.ring()
        far.ring()

    subscription = bus.subscribe(spool.ready, ring, on_gap=ring_both)
    try:
        yield
    finally:
        subscription.close()
