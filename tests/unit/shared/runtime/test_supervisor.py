from __future__ import annotations

import pytest
import structlog
import trio
import trio.testing

from shared.runtime.supervisor import keep


class Flaky:
    """A loop that fails a number of times, after some seconds each, and then returns."""

    def __init__(self, failures: int, lives: float = 0) -> None:
        self.failures = failures
        self.lives = lives
        self.starts = 0

    async def __call__(self) -> None:
        self.starts += 1
        await trio.sleep(self.lives)
        if self.starts <= self.failures:
            raise KeyError(self.starts)


@pytest.fixture
def log() -> structlog.testing.CapturingLogger:
    return structlog.testing.CapturingLogger()


async def test_a_loop_that_fails_is_started_again(log, autojump_clock: trio.testing.MockClock) -> None:  # type: ignore[no-untyped-def]
    loop = Flaky(5)
    await keep("sweeper", loop, log=log)
    assert loop.starts == 6
    assert [call.args[0] for call in log.calls] == ["loop.failed"] * 5
    assert trio.current_time() > 1


async def test_a_spent_budget_ends_the_process(log, autojump_clock: trio.testing.MockClock) -> None:  # type: ignore[no-untyped-def]
    loop = Flaky(100)
    with pytest.raises(KeyError):
        await keep("sweeper", loop, budget=3, log=log)
    assert loop.starts == 4


async def test_failures_far_apart_are_forgiven(log, autojump_clock: trio.testing.MockClock) -> None:  # type: ignore[no-untyped-def]
    loop = Flaky(50, lives=30)
    await keep("sweeper", loop, budget=3, log=log)
    assert loop.starts == 51


async def test_cancellation_is_no_failure(log, autojump_clock: trio.testing.MockClock) -> None:  # type: ignore[no-untyped-def]
    with trio.move_on_after(1) as scope:
        await keep("sweeper", trio.sleep_forever, log=log)
    assert scope.cancelled_caught
    assert not log.calls
