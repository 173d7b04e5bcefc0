"""Children of the master: restarted, stopped in time, never left behind."""

from __future__ import annotations

import os
import signal
import sys

import pytest
import trio

from services.admin.master.children import Child, ChildFailed, Children
from shared.observe.log import get_logger

SLEEP = (sys.executable, "-c", "import signal; signal.pause()")
FAIL = (sys.executable, "-c", "raise SystemExit(78)")


class Watched:
    """Children that tell of each new process."""

    def __init__(self) -> None:
        self.send, self.starts = trio.open_memory_channel[dict[str, list[int]]](100)
        self.children = Children(get_logger(), lambda: self.send.send_nowait(self.children.pids()))


async def test_a_killed_child_is_started_again() -> None:
    watched = Watched()
    watched.children.ready.set()
    async with trio.open_nursery() as nursery:
        watched.children.add(Child("sleeper", SLEEP, {}), nursery)
        with trio.fail_after(20):
            (first,) = (await watched.starts.receive())["sleeper"]
            os.kill(first, signal.SIGKILL)
            (second,) = (await watched.starts.receive())["sleeper"]
            assert second != first
            await watched.children.stop(["sleeper"], 10)
        assert watched.children.pids() == {}


async def test_a_child_that_fails_before_all_are_ready_ends_everything() -> None:
    watched = Watched()
    with pytest.RaisesGroup(ChildFailed) as failed:
        async with trio.open_nursery() as nursery:
            watched.children.add(Child("broken", FAIL, {}), nursery)
    failure = failed.value.exceptions[0]
    assert isinstance(failure, ChildFailed)
    assert (failure.name, failure.code) == ("broken", 78)


STUBBORN = (
    "import os, signal, sys; signal.signal(15, signal.SIG_IGN); os.write(int(sys.argv[1]), b'.'); signal.pause()"
)


async def test_a_child_that_ignores_sigterm_is_killed() -> None:
    watched = Watched()
    heard, said = os.pipe()
    async with trio.open_nursery() as nursery:
        child = Child("stubborn", (sys.executable, "-c", STUBBORN, str(said)), {}, (said,))
        watched.children.add(child, nursery)
        with trio.fail_after(20):
            await trio.lowlevel.wait_readable(heard)  # it ignores the signal from here on
            await watched.children.stop(["stubborn"], 0.5)
            await child.ended.wait()
        assert child.pid == 0
    os.close(heard)
    os.close(said)
