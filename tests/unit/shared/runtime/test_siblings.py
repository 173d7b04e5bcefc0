"""Limits that all processes of a service keep together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from shared.bus.memory import MemoryBroker
from shared.contracts.control import Held, smtp_connections
from shared.net.holdings import Holdings
from shared.net.limits import Admission, ConnectionLimits
from shared.runtime.siblings import MOST, SILENT, TELL, Siblings, share_of

CAP = 50
PROCESSES = 4
HOSTILE, FRIENDLY = "192.0.2.1", "198.51.100.1"


@asynccontextmanager
async def one_of(broker: MemoryBroker, replica: str) -> AsyncIterator[Admission]:
    """A process of smtp, as far as it counts connections."""
    admission = Admission(ConnectionLimits(connections_per_address=CAP))
    siblings = Siblings(broker.connect("smtp", replica), smtp_connections, admission.held, CAP)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(siblings.run)
        yield admission
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def all_of(broker: MemoryBroker, number: int) -> AsyncIterator[Sequence[Admission]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(one_of(broker, str(each))) for each in range(number)]


def admitted(admissions: Sequence[Admission], host: str, times: int) -> int:
    """How many of ``times`` connections are let in, by one process after the other."""
    return sum(admissions[number % len(admissions)].admit(host) is not None for number in range(times))


async def test_case_12_a_thousand_connections_spread_over_all_processes(autojump_clock: MockClock) -> None:
    async with all_of(MemoryBroker(), PROCESSES) as admissions:
        let_in = 0
        for _ in range(100):  # ten a second
            let_in += admitted(admissions, HOSTILE, 10)
            await trio.sleep(TELL)
        assert CAP <= let_in <= CAP + 10, "beyond the cap is what came since the last notice"
        assert admitted(admissions, FRIENDLY, PROCESSES) == PROCESSES


async def test_case_12_a_thousand_connections_at_once(autojump_clock: MockClock) -> None:
    async with all_of(MemoryBroker(), PROCESSES) as admissions:
        assert admitted(admissions, HOSTILE, 1_000) == PROCESSES * CAP, "as many as each process alone lets in"
        await trio.sleep(2 * TELL)
        assert admitted(admissions, HOSTILE, 1_000) == 0


async def test_what_is_closed_may_be_opened_elsewhere(autojump_clock: MockClock) -> None:
    async with all_of(MemoryBroker(), 2) as (first, second):
        keys = [first.admit(HOSTILE) for _ in range(CAP)]
        await trio.sleep(2 * TELL)
        assert second.admit(HOSTILE) is None
        for key in keys:
            assert key is not None
            first.release(key)
        await trio.sleep(2 * TELL)
        assert admitted([second], HOSTILE, 2 * CAP) == CAP


async def test_what_is_never_told_is_less_than_a_share_of_each(autojump_clock: MockClock) -> None:
    least = share_of(CAP) - 1
    async with all_of(MemoryBroker(), PROCESSES) as (*others, last):
        for other in others:
            assert admitted([other], HOSTILE, least) == least
        await trio.sleep(2 * TELL)
        assert admitted([last], HOSTILE, 2 * CAP) == CAP


async def test_a_process_that_ends_says_so(autojump_clock: MockClock) -> None:
    broker = MemoryBroker()
    async with one_of(broker, "stays") as stays:
        async with one_of(broker, "goes") as goes:
            assert admitted([goes], HOSTILE, CAP) == CAP
            await trio.sleep(2 * TELL)
            assert stays.admit(HOSTILE) is None
        await trio.testing.wait_all_tasks_blocked()
        assert admitted([stays], HOSTILE, 2 * CAP) == CAP


async def test_a_process_that_dies_holds_nothing_after_a_while(autojump_clock: MockClock) -> None:
    broker = MemoryBroker()
    dead = broker.connect("smtp", "dead")
    async with one_of(broker, "stays") as stays:
        await trio.testing.wait_all_tasks_blocked()
        dead.publish(smtp_connections, Held("dead", (0xC0000201,), (CAP,)))
        await trio.testing.wait_all_tasks_blocked()
        assert stays.admit(HOSTILE) is None
        await trio.sleep(SILENT + 2 * TELL)
        assert admitted([stays], HOSTILE, 2 * CAP) == CAP


async def test_who_tells_nonsense_takes_nothing_from_others(autojump_clock: MockClock) -> None:
    broker = MemoryBroker()
    odd = broker.connect("smtp", "odd")
    async with one_of(broker, "stays") as stays:
        await trio.testing.wait_all_tasks_blocked()
        for keys, counts in (((0xC0000201, 7), (CAP - 1, 0)), ((0xC0000201,), (-CAP,)), ((0xC0000201, 7), (1,))):
            odd.publish(smtp_connections, Held("odd", keys, counts))
        await trio.testing.wait_all_tasks_blocked()
        assert admitted([stays], HOSTILE, CAP) == CAP - 1
        odd.publish(smtp_connections, Held("odd"))
        await trio.testing.wait_all_tasks_blocked()
        assert admitted([stays], HOSTILE, CAP) == 1


async def test_nothing_is_said_where_nobody_holds_much(autojump_clock: MockClock) -> None:
    broker = MemoryBroker()
    heard: list[Held] = []
    broker.connect("smtp", "listener").subscribe(smtp_connections, heard.append)
    async with one_of(broker, "quiet") as quiet:
        for number in range(100):
            assert quiet.admit(f"192.0.2.{number}") is not None
        await trio.sleep(10 * TELL)
        assert heard == []


@pytest.mark.parametrize("most", [0, 1, 3, MOST])
def test_the_busiest_are_told(most: int) -> None:
    holdings = Holdings()
    for key in range(5):
        for _ in range(key):
            holdings.take(key)
    assert holdings.busiest(2, most) == dict([(4, 4), (3, 3), (2, 2)][:most])


def test_what_is_told_takes_the_place_of_what_was_told() -> None:
    holdings = Holdings()
    holdings.take(7)
    for told in ({7: 3, 8: 1}, {7: 2}, {7: 2}, {}):
        holdings.told("other", told)
        assert holdings.total(7) == 1 + told.get(7, 0)
        assert holdings.total(8) == told.get(8, 0)
    holdings.give_back(7)
    assert holdings.empty
