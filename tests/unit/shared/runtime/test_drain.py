"""What drain does beside waiting for signals (the signals are sent to a process in `test_main.py`)."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from shared.runtime.drain import PAUSE, spread


async def times(count: int, seconds: float) -> list[float]:
    """When each of ``count`` sessions is told, in seconds from the beginning."""
    began = trio.current_time()
    told: list[float] = []
    await spread(range(count), lambda _: told.append(trio.current_time() - began), seconds)
    return told


async def test_few_sessions_are_told_soon(autojump_clock: MockClock) -> None:
    told = await times(3, 10)
    assert len(told) == 3
    assert told[0] == 0
    assert told[-1] < 3 * PAUSE


async def test_many_are_spread_over_the_time_there_is(autojump_clock: MockClock) -> None:
    told = await times(2_000, 10)
    assert len(told) == 2_000
    assert 9 < told[-1] < 10.5
    assert all(sum(second <= moment < second + 1 for moment in told) < 300 for second in range(10))


async def test_each_is_told_once() -> None:
    told: list[int] = []
    await spread(range(50), told.append, 0.01)
    assert sorted(told) == list(range(50))
    assert told != sorted(told)
