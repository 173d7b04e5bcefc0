"""Greylisting in storage: who comes back in time passes, and all replicas agree."""

from __future__ import annotations

from services.storage.handlers import greylist
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.greylist import Check
from tests.support.storage import Store

DELAY = 300


def wait(store: Store, at: float, *keys: str, network: str = "n", enough: int = 5) -> list[int]:
    """Seconds to wait for each key, asked at ``at`` seconds after the beginning."""
    with store._writer.begin():
        work = UnitOfWork(store._writer, 1_000_000 + at)
        (answer,) = greylist.check(work, [Asked(Check(network, keys, DELAY, enough), "smtp")])
    return list(answer.waits)


def test_the_first_attempt_waits_and_the_second_passes_in_time(store: Store) -> None:
    assert wait(store, 0, "k") == [300]
    assert wait(store, 100, "k") == [200]
    assert wait(store, 301, "k") == [0]
    assert wait(store, 302, "k", "other") == [0, 300]


def test_who_comes_back_too_late_begins_anew(store: Store) -> None:
    wait(store, 0, "k")
    assert wait(store, greylist.WINDOW + 1, "k") == [300]


def test_a_network_that_came_back_often_waits_no_more(store: Store) -> None:
    keys = [f"k{n}" for n in range(3)]
    wait(store, 0, *keys, enough=3)
    assert wait(store, 400, *keys, enough=3) == [0, 0, 0]
    assert wait(store, 401, "new", enough=3) == [0]
    assert wait(store, 401, "new", network="m", enough=3) == [300]


def test_the_same_key_twice_in_one_batch(store: Store) -> None:
    assert wait(store, 0, "k", "k") == [300, 300]
    assert wait(store, 400, "k", "k") == [0, 0]


def test_what_nobody_comes_back_to_is_forgotten(store: Store) -> None:
    wait(store, 0, "k", "l")
    wait(store, 301, "k")
    with store._writer.begin():
        greylist.forget(store._writer, 1_000_000 + greylist.WINDOW + 400)
    assert wait(store, greylist.WINDOW + 401, "k", "l") == [0, 300]
    with store._writer.begin():
        greylist.forget(store._writer, 1_000_000 + 10 * greylist.KEEP)
    assert wait(store, 10 * greylist.KEEP, "k") == [300]
