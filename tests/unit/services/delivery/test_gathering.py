"""When the next claim is made: at once for a lone letter, a moment later where letters come thick and fast."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import structlog
import trio
import trio.testing

from services.delivery.claims import GATHERING, ClaimLoop, Found
from services.delivery.config import DeliverySettings
from services.delivery.house import House
from shared.bus.memory import MemoryBroker

SOON = GATHERING / 10


async def claim_times(brought: Sequence[str]) -> list[float]:
    """When claims are made, in seconds from the first, with rings soon after it; ``brought`` is what that one has."""
    bus, draining = MemoryBroker().connect("delivery", "1"), trio.Event()
    house = House(bus, DeliverySettings(), draining, structlog.get_logger(), trio.current_time, "mail.example.org")
    began = trio.current_time()
    claims: list[float] = []

    async def claim() -> Found[str]:
        claims.append(trio.current_time() - began)
        return Found(brought if len(claims) == 1 else ())

    async def work(items: Sequence[str], claimed: float) -> None:
        pass

    loop = ClaimLoop(house, claim, work, batches=2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(loop.run)
        for _ in range(2):
            await trio.sleep(SOON)
            loop.ring()
        await trio.sleep(2 * GATHERING)
        draining.set()
    return claims


async def test_a_lone_letter_keeps_nobody_waiting(autojump_clock: trio.testing.MockClock) -> None:
    assert await claim_times(["a"]) == pytest.approx([0, SOON, 2 * SOON])


async def test_letters_that_come_thick_and_fast_gather(autojump_clock: trio.testing.MockClock) -> None:
    assert await claim_times(["a", "b"]) == pytest.approx([0, GATHERING])
