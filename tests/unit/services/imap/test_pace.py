"""An account's commands have a pace, which its sessions and all processes share."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from services.imap.pace import LONGEST_PAUSE, TELL, Pace
from shared.bus.memory import MemoryBroker


async def test_a_minutes_worth_may_be_spent_at_once(autojump_clock: MockClock) -> None:
    pace = Pace(120)
    assert not any(pace.spend(1) for _ in range(120))
    assert 0 < pace.spend(1) <= 0.5 + 1e-6
    assert pace.spend(2) == 0, "another account is not concerned"
    await trio.sleep(30)
    assert not any(pace.spend(1) for _ in range(58))
    assert pace.spend(1) + pace.spend(1) > 0


async def test_who_obeys_comes_through_at_the_rate(autojump_clock: MockClock) -> None:
    pace = Pace(600)
    began = trio.current_time()
    for _ in range(1_200):
        await trio.sleep(pace.spend(1))
    assert 59 < trio.current_time() - began < 61


async def test_a_pause_is_short_whatever_is_owed(autojump_clock: MockClock) -> None:
    pace = Pace(60)
    assert max(pace.spend(1) for _ in range(1_000)) == LONGEST_PAUSE


async def test_without_a_limit_nothing_is_counted(autojump_clock: MockClock) -> None:
    pace = Pace(0)
    assert not any(pace.spend(1) for _ in range(10_000))


async def test_processes_share_the_pace_of_an_account(autojump_clock: MockClock) -> None:
    broker = MemoryBroker()
    paces = [Pace(600), Pace(600)]
    async with trio.open_nursery() as nursery:
        for number, pace in enumerate(paces):
            nursery.start_soon(pace.run, broker.connect("imap", str(number)))
        await trio.sleep(0.1)
        assert not any(paces[0].spend(7) for _ in range(600))
        assert paces[1].spend(7) == 0, "not heard of yet"
        await trio.sleep(TELL + 0.1)
        spent = sum(paces[1].spend(7) == 0 for _ in range(100))
        assert spent < 50, "what came back meanwhile, and no more"
        assert paces[1].spend(8) == 0
        nursery.cancel_scope.cancel()
