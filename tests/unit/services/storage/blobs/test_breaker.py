"""A store that does not answer is asked by one request at a time."""

from __future__ import annotations

import pytest

from services.storage.blobs.breaker import REST, Breaker
from shared.contracts.errors import Unavailable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def test_a_store_that_answers_is_asked_by_all(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.enter(10)
    assert not breaker.worked()


def test_after_a_failure_nobody_asks_for_a_moment_and_then_one(breaker: Breaker, clock: Clock) -> None:
    breaker.enter(10)
    assert breaker.failed()
    with pytest.raises(Unavailable):
        breaker.enter(10)
    clock.now += REST
    breaker.enter(10)
    with pytest.raises(Unavailable):  # somebody is asking
        breaker.enter(10)


def test_one_answer_lets_all_ask_again(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    assert not breaker.failed()  # no news
    clock.now += REST
    breaker.enter(10)
    assert breaker.worked()
    for _ in range(3):
        breaker.enter(10)


def test_who_asks_and_never_comes_back_stops_nobody_for_ever(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    clock.now += REST
    breaker.enter(10)
    clock.now += 10
    breaker.enter(10)
