"""The claim loop: finds work that is due and hands it out in batches.

Invariants
1. A ring that comes while a claim is under way leads to another claim: the bell is cleared before asking.
2. A lost doorbell delays work by ``poll`` seconds at most, and a time of ``next_due`` is kept.
3. At most ``batches`` claims are worked on at a time, so that work gathers into large batches under load.
4. Letters that come thick and fast gather for a moment (`GATHERING`) before the next claim; a lone one does not wait.
5. After draining begins nothing is claimed; the loop returns when the batches in hand are done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar

import trio

from services.delivery.house import House
from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.contracts import spool
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.op import Event
from shared.contracts.spool import Letter
from shared.observe import tracing

GATHERING = 0.02  # seconds from a claim that brought several to the next one

T = TypeVar("T")
P = TypeVar("P")


class Found(NamedTuple, Generic[T]):
    """What a claim brought. ``next_due`` is Unix seconds; ``more``: there was more than it could take."""

    items: Sequence[T] = ()
    next_due: float | None = None
    more: bool = False


Claim = Callable[[], Awaitable[Found[T]]]
Work = Callable[[Sequence[T], float], Awaitable[None]]


class ClaimLoop(Generic[T]):
    """Claims one kind of work for one replica.

    ``work`` gets what was claimed and the Unix time of the claim, and must not raise; at most ``batches`` run at a
    time. ``poll``: 0 for the setting.
    """

    def __init__(self, house: House, claim: Claim[T], work: Work[T], batches: int, poll: float = 0.0) -> None:
        self._claim_some = claim
        self._work = work
        self._batches = batches
        self._poll = poll or house.settings.poll
        self._draining = house.draining
        self._wall_clock = house.wall_clock
        self._log = house.log
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
                began = trio.current_time()
                found: Found[T] = Found() if self._draining.is_set() else await self._claim()
                if found.items:
                    nursery.start_soon(self._work_on, found.items, slots)
                else:
                    slots.release()
                if not found.more:
                    await self._wait(found.next_due)
                    if len(found.items) > 1:
                        await trio.sleep_until(began + GATHERING)

    def ring(self) -> None:
        """There may be something to claim."""
        self._bell.set()

    async def _ring_at_drain(self) -> None:
        await self._draining.wait()
        self.ring()

    async def _wait(self, next_due: float | None) -> None:
        """Until the bell rings, known work is due, or it is time to look anyway."""
        seconds = self._poll
        if next_due is not None:
            seconds = min(seconds, max(0.0, next_due - self._wall_clock()))
        with trio.move_on_after(seconds):
            await self._bell.wait()

    async def _claim(self) -> Found[T]:
        try:
            found = await self._claim_some()
        except (Refused, Unavailable) as error:
            if not self._failing:
                self._log.warning("delivery.cannot_claim", reason=str(error))
            self._failing = True
            return Found()
        if self._failing:
            self._log.info("delivery.claims_again")
            self._failing = False
        return found

    async def _work_on(self, items: Sequence[T], slots: trio.Semaphore) -> None:
        try:
            await self._work(items, self._wall_clock())
        finally:
            slots.release()


def letters(house: House, *, far: bool) -> Claim[Letter]:
    """How letters of one lane are claimed."""
    bus, settings = house.bus, house.settings
    request = spool.Claim(bus.replica, settings.outbound.batch if far else settings.batch, settings.lease, far)

    async def claim() -> Found[Letter]:
        claimed = await bus.call(spool.claim, request)
        return Found(claimed.letters, claimed.next_due, claimed.more)

    return claim


def traced(work: Work[Letter]) -> Work[Letter]:
    """``work`` as a part of the letters' walks, where somebody follows them."""

    async def follow(some: Sequence[Letter], claimed: float) -> None:
        if tracing.tracer is None:
            await work(some, claimed)
        else:
            with tracing.tracer.under("delivery.claim", [letter.trace for letter in some], new_ulid()):
                await work(some, claimed)

    return follow


@contextmanager
def rung(bus: Bus, bell: Event[P], *loops: tuple[ClaimLoop[Any], Callable[[P], bool]]) -> Iterator[None]:
    """Ring each loop by the notices that concern it; after a gap in any case.

    One subscription for all of them, since a notice for a group goes to one subscription only.
    """

    def ring(notice: P) -> None:
        for loop, concerned in loops:
            if concerned(notice):
                loop.ring()

    def ring_all() -> None:
        for loop, _ in loops:
            loop.ring()

    subscription = bus.subscribe(bell, ring, on_gap=ring_all)
    try:
        yield
    finally:
        subscription.close()
