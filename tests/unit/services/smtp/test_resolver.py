from __future__ import annotations

import pytest
import trio

from services.smtp.resolver import Resolver
from shared.contracts.directory import Kind
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
