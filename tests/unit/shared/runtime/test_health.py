from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import structlog
import trio

from shared.bus.memory import MemoryBroker
from shared.contracts import control
from shared.net.http import Request
from shared.runtime.health import Health, watch_loop
from shared.runtime.heartbeat import say_alive, watch_storage


async def nothing() -> AsyncIterator[bytes]:
    for piece in list[bytes]():
        yield piece


async def page(health: Health, path: str, method: str = "GET") -> tuple[int, object]:
    response = await health.answer(Request(method, path, {}, nothing()))
    return response.status, response.body


async def test_ready_is_what_all_checks_say() -> None:
    health = Health("imap")
    assert await page(health, "/readyz") == (200, b"ready\n")
    answers = {"bus": False, "storage": True}
    for name in answers:
        health.ready[name] = lambda name=name: answers[name]  # type: ignore[misc]
    assert await page(health, "/readyz?verbose") == (503, b"bus\n")
    answers["bus"] = True
    assert health.is_ready
    health.draining = True
    assert await page(health, "/readyz") == (503, b"draining\n")
    assert await page(health, "/livez") == (200, b"live\n")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/livez", 405)])
async def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    assert (await page(Health("imap"), path, method))[0] == status


async def test_a_loop_that_stands_still_is_reported() -> None:
    log = structlog.testing.CapturingLogger()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_loop, "imap", 0.1, log)
        await trio.testing.wait_all_tasks_blocked()
        time.sleep(0.3)  # noqa: ASYNC251 - this is the fault
        await trio.sleep(0.06)
        nursery.cancel_scope.cancel()
    (call,) = log.calls
    assert call.args == ("loop.stall",)
    assert 0.1 < call.kwargs["seconds"] < 5


async def test_each_process_says_that_it_is_alive(autojump_clock: trio.testing.MockClock) -> None:
    broker = MemoryBroker()
    health = Health("imap")
    health.opened("imaps")
    heard: list[control.Alive] = []
    broker.connect("admin", "cli").subscribe(control.alive, heard.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(say_alive, "imap", "r1", broker.connect("imap", "r1"), health)
        await trio.sleep(2.5)
        nursery.cancel_scope.cancel()
    assert len(heard) == 3
    assert heard[0].service == "imap"
    assert heard[0].ready
    assert heard[0].connections == 1


async def test_readiness_follows_storage(autojump_clock: trio.testing.MockClock) -> None:
    broker = MemoryBroker()
    health = Health("imap")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_storage, broker.connect("imap", "r1"), health)
        await trio.sleep(5)
        assert health.failing() == ["storage"]
        serving = broker.connect("storage", "s1").serve(control.ping, lambda call: call.answer(control.Pong("s1")))
        await trio.sleep(10)
        assert health.is_ready
        serving.close()
        await trio.sleep(15)
        assert health.failing() == ["storage"]
        nursery.cancel_scope.cancel()
