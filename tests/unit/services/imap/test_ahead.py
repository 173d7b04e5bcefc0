"""Answers come in the order of the questions, while the next ones are under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial

import pytest
import trio
import trio.testing

from services.imap.ahead import in_turn
from shared.contracts.errors import Unavailable

SECONDS = (7, 6, 5, 4, 3, 2, 1)  # each is there before the one that was asked for before it


class Desk:
    """Answers each question with its number after as many seconds as are given for it."""

    def __init__(self, *, broken: int = -1, error: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.given_up = 0
        self._broken = broken
        self._error = error or Unavailable("broken")

    async def ask(self, number: int, seconds: float) -> int:
        self.asked.append(number)
        try:
            await trio.sleep(seconds)
        except trio.Cancelled:
            self.given_up += 1
            raise
        if number == self._broken:
            raise self._error
        return number

    def questions(self, *seconds: float) -> list[Callable[[], Awaitable[int]]]:
        return [partial(self.ask, number, each) for number, each in enumerate(seconds)]


async def test_answers_keep_the_order(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    desk = Desk()
    async with aclosing(in_turn(nursery, desk.questions(*SECONDS), 2)) as answers:
        assert [each async for each in answers] == list(range(7))
    assert desk.asked == list(range(7))


async def test_the_next_are_asked_before_the_caller_works(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    desk = Desk()
    async with aclosing(in_turn(nursery, desk.questions(*SECONDS), 2)) as answers:
        async for each in answers:
            assert len(desk.asked) == min(each + 3, 7)


async def test_who_stops_gives_up_what_is_under_way(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    desk = Desk()
    async with aclosing(in_turn(nursery, desk.questions(1, 9, 9, 9), 2)) as answers:
        await anext(answers)
    await trio.testing.wait_all_tasks_blocked()
    assert (desk.asked, desk.given_up) == ([0, 1, 2], 2)


@pytest.mark.parametrize("error", [Unavailable("broken"), OverflowError("a bug of ours")])
async def test_an_error_waits_for_its_turn(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, error: Exception
) -> None:
    desk = Desk(broken=2, error=error)
    async with aclosing(in_turn(nursery, desk.questions(*SECONDS), 2)) as answers:
        assert [await anext(answers), await anext(answers)] == [0, 1]
        with pytest.raises(type(error)):
            await anext(answers)
