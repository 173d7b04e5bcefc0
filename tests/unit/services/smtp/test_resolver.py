from __future__ import annotations

import pytest
import trio

from services.smtp.resolver import Resolver
from shared.bus.client import AnyCall
from shared.bus.memory import MemoryBroker
from shared.contracts.directory import Kind, Resolution, Resolved, resolve
from shared.contracts.errors import Code, Refused
from tests.support.smtp_stage import smtp_stage

BOB, NOBODY = "bob@example.org", "nobody@example.org"


async def test_only_what_is_ours_is_remembered_and_not_for_long(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage() as stage:
        resolver = Resolver(stage.bus, 1.0)

        async def kinds() -> list[Kind]:
            return [found.kind for found in await resolver.resolve([NOBODY, BOB, NOBODY], "t")]

        assert await kinds() == [Kind.UNKNOWN, Kind.LOCAL, Kind.UNKNOWN]
        stage.storage.accounts[NOBODY] = 9
        stage.storage.full.add(BOB)
        assert await kinds() == [Kind.LOCAL, Kind.LOCAL, Kind.LOCAL]
        assert len(stage.storage.calls) == 2
        assert await kinds() == [Kind.LOCAL, Kind.LOCAL, Kind.LOCAL]
        assert len(stage.storage.calls) == 2
        await trio.sleep(1.5)
        assert await kinds() == [Kind.LOCAL, Kind.FULL, Kind.LOCAL]
        del stage.storage.accounts[NOBODY]
        resolver.forget()
        assert await kinds() == [Kind.UNKNOWN, Kind.FULL, Kind.UNKNOWN]


async def test_trouble_is_the_callers_to_know() -> None:
    async with smtp_stage() as stage:
        stage.storage.instead = {"directory.resolve": Code.UNAVAILABLE}
        with pytest.raises(Refused):
            await Resolver(stage.bus, 0.0).resolve([BOB], "t")


async def test_an_answer_that_may_be_older_than_a_change_is_not_remembered(
    autojump_clock: trio.testing.MockClock,
) -> None:
    broker = MemoryBroker()
    calls: list[AnyCall] = []
    broker.connect("storage", "one").serve(resolve, calls.append)
    resolver = Resolver(broker.connect("smtp", "one"), 60.0)
    for changed in (True, False):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(resolver.resolve, [BOB], "t")
            await trio.testing.wait_all_tasks_blocked()
            if changed:
                resolver.forget()
            calls[-1].answer(Resolved((Resolution(BOB, Kind.LOCAL, (2,), (BOB,)),)))
    await resolver.resolve([BOB], "t")
    assert len(calls) == 2
