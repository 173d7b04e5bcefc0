"""The memory broker: it repeats itself, and what a plan of faults does to calls that may be repeated is nothing."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing

from shared.bus.client import AnyCall
from shared.bus.faults import FaultPlan, Faults
from shared.bus.memory import MemoryBroker
from shared.contracts import changes, maildrop
from shared.contracts.directory import Done
from shared.contracts.errors import Unavailable

BAD = Faults(drop=0.1, double=0.1, delay=0.2, reorder=0.2, slowest=1.0)


async def _story(seed: int) -> list[tuple[float, str]]:
    """Forty calls over a bad bus, as the server and the callers saw them."""
    broker = MemoryBroker(seed, FaultPlan(question=BAD, answer=BAD, event=BAD))
    server, client = broker.connect("storage", "1"), broker.connect("pop3", "1")
    seen: list[tuple[float, str]] = []

    def on_call(call: AnyCall) -> None:
        seen.append((trio.current_time(), f"asked {call.request.mailbox}"))
        call.answer(Done())

    server.serve(maildrop.hold, on_call)

    async def ask(number: int) -> None:
        try:
            await client.call(maildrop.hold, maildrop.Hold(b"", "", number))
        except Unavailable:
            seen.append((trio.current_time(), f"lost {number}"))
        else:
            seen.append((trio.current_time(), f"done {number}"))

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(ask, number)
    return seen


def test_the_same_seed_is_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    stories = []
    for seed in (1, 1, 2):
        monkeypatch.setattr("trio._core._run._r", random.Random(seed))  # the scheduler's own dice
        stories.append(trio.run(_story, seed, clock=trio.testing.MockClock(autojump_threshold=0)))
    told = [[(round(when, 6), what) for when, what in story] for story in stories]
    assert told[0] == told[1] != told[2]


async def test_repeats_bring_calls_through_a_bad_bus(autojump_clock: trio.testing.MockClock) -> None:
    story = [what for _, what in await _story(7)]
    asked = [what for what in story if what.startswith("asked")]
    assert len([what for what in story if what.startswith("done")]) >= 38
    assert len(asked) > 40


async def test_sever_takes_what_is_under_way_and_restore_tells(autojump_clock: trio.testing.MockClock) -> None:
    broker = MemoryBroker()
    storage, imap = broker.connect("storage", "1"), broker.connect("imap", "1")
    heard: list[int] = []
    gaps: list[float] = []
    imap.subscribe(
        changes.list_changed, lambda e: heard.append(e.account), on_gap=lambda: gaps.append(trio.current_time())
    )
    storage.publish(changes.list_changed, changes.ListChange(1), key=1)
    broker.sever(imap)
    assert (imap.connected, storage.connected) == (False, True)
    storage.publish(changes.list_changed, changes.ListChange(2), key=2)
    await trio.sleep(1)
    broker.restore(imap)
    storage.publish(changes.list_changed, changes.ListChange(3), key=3)
    await trio.sleep(1)
    assert heard == [3]
    assert len(gaps) == 1
