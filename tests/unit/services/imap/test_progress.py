"""INPROGRESS: a client whose command takes long sees that it is at work (RFC 9585)."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from services.imap import transfer
from services.imap.commands import store as store_command
from shared.bus.faults import FaultPlan, Faults
from tests.support.storage import Store, new
from tests.unit.services.imap.stage import Stage, stage_settings


async def test_copying_and_storing_in_many_steps(
    nursery: trio.Nursery, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(nursery, store, stage_settings(progress_seconds=1e-9), None)
    monkeypatch.setattr(transfer, "_COPIED", 2)
    monkeypatch.setattr(store_command, "_AT_ONCE", 3)
    store.append(*[new()] * 5)
    client = await stage.selected()
    assert await client.ok("COPY 1:5 Sent") == [
        b'* OK [INPROGRESS ("t3" 2 5)] Still at it',
        b'* OK [INPROGRESS ("t3" 4 5)] Still at it',
    ]
    assert await client.ok("COPY 1:2 Sent") == []
    assert await client.ok("STORE 1:5 +FLAGS.SILENT (\\Seen)") == [b'* OK [INPROGRESS ("t5" 3 5)] Still at it']


async def test_a_search_that_storage_takes_long_to_answer(
    nursery: trio.Nursery, store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    stage = Stage(nursery, store, stage_settings(progress_seconds=2.0), None)
    store.append(*[new()] * 3)
    client = await stage.selected()
    stage.broker.faults = FaultPlan(answer=Faults(drop=1.0))
    await client.send(b"s SEARCH RETURN (COUNT) BODY Hi\r\n")
    await trio.sleep(2)
    assert (await client.response()).startswith(b'* OK [INPROGRESS ("s" 0 3)] ')
    stage.broker.faults = FaultPlan()
    await trio.sleep(10)
    assert (await client.until(b"s"))[-2:][0] == b'* ESEARCH (TAG "s") COUNT 3'
