"""Doorbells: whoever has something to do is rung, each time."""

from __future__ import annotations

import trio.testing

from services.delivery.claims import ClaimLoop, rung
from shared.bus.memory import MemoryBroker
from shared.contracts import spool


class Loop(ClaimLoop[str]):
    """Counts its rings."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1


async def test_each_notice_rings_the_loop_that_it_concerns() -> None:
    broker = MemoryBroker()
    storage, bus = broker.connect("storage", "1"), broker.connect("delivery", "1")
    near, far = Loop(), Loop()
    with rung(bus, spool.ready, (near, lambda ready: ready.letters > 0), (far, lambda ready: ready.far > 0)):
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(10):
            storage.publish(spool.ready, spool.Ready(1, 0))
        for _ in range(5):
            storage.publish(spool.ready, spool.Ready(0, 1))
        await trio.testing.wait_all_tasks_blocked()
    assert (near.rings, far.rings) == (10, 5)
