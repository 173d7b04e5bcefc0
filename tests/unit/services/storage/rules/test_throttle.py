"""Guessing is slowed, then stopped; the owner is not locked out."""

from __future__ import annotations

import pytest

from services.storage.rules import throttle as rule
from services.storage.rules.throttle import DAY, HOUR, Limits, Throttle

NOW = 20_000.0 * DAY + 60
LIMITS = Limits((2.0, 4.0, 8.0, 15.0), 100, 50, 5, ("127.0.0.0/8", "::1/128"))


@pytest.fixture
def throttle() -> Throttle:
    return Throttle(LIMITS)


def test_each_failure_costs_more(throttle: Throttle) -> None:
    origin = throttle.origin("192.0.2.1")
    delays = [throttle.failed(origin, "ann", b"%d" % guess, NOW).delay for guess in range(6)]
    assert delays == [2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    throttle.succeeded(origin, "ann", NOW)
    assert throttle.failed(origin, "ann", b"new", NOW).delay == 2.0


def test_case_25_the_delay_grows_with_failures_counted_elsewhere(throttle: Throttle) -> None:
    other = Throttle(LIMITS)
    origin = throttle.origin("192.0.2.1")
    for guess in range(3):
        other.failed(origin, "ann", b"%d" % guess, NOW)
    throttle.load(NOW, [(origin.address, 3, NOW)])
    assert throttle.failed(origin, "ann", b"new", NOW).delay == 15.0
    assert throttle.succeeded(origin, "ann", NOW) == (origin.address, f"user:ann|{origin.network}")
    other.load(NOW, [(origin.address, 4, -NOW)])
    assert other.failed(origin, "ann", b"newer", NOW).delay == 2.0
    assert Throttle(LIMITS).succeeded(origin, "ann", NOW) == ()


def test_the_same_wrong_password_counts_once(throttle: Throttle) -> None:
    origin = throttle.origin("192.0.2.1")
    assert throttle.failed(origin, "ann", b"old", NOW).counted
    for _ in range(500):
        failure = throttle.failed(origin, "ann", b"old", NOW)
        assert failure.counted == ()
        assert failure.delay == 2.0
    assert throttle.wait(origin, "ann", NOW) == 0


def test_many_pairs_of_address_and_user_are_not_all_remembered(
    throttle: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule, "MOST_PAIRS", 10)
    origin = throttle.origin("192.0.2.1")
    assert throttle.failed(origin, "ann", b"old", NOW).counted
    for guess in range(10):
        throttle.failed(throttle.origin(f"192.0.2.{guess + 2}"), "ann", b"x", NOW)
    assert throttle.failed(origin, "ann", b"old", NOW).counted
    assert throttle.failed(origin, "ann", b"new", NOW).delay == 8.0  # counts are not forgotten with them


def test_an_address_is_stopped_for_the_day(throttle: Throttle) -> None:
    origin = throttle.origin("192.0.2.1")
    throttle.load(NOW, [(origin.address, 99, NOW)])
    assert throttle.wait(origin, "ann", NOW) == 0
    throttle.failed(origin, "ann", b"x", NOW)
    assert throttle.wait(origin, "ann", NOW) == DAY - 60
    assert throttle.wait(throttle.origin("198.51.100.1"), "ann", NOW) == 0
    assert throttle.wait(origin, "ann", NOW + DAY) == 0


@pytest.mark.parametrize("form", ["192.0.2.{}", "::ffff:192.0.2.{}", "2001:db8:1:{}::5"])
def test_one_password_for_many_users_is_stopped_by_network(throttle: Throttle, form: str) -> None:
    bitten = 0
    for guess in range(10):
        origin = throttle.origin(form.format(guess))
        if throttle.wait(origin, f"user{guess}", NOW):
            bitten += 1
        else:
            throttle.failed(origin, f"user{guess}", b"secret", NOW)
    assert bitten == 5
    assert throttle.wait(throttle.origin(form.format(99)), "late", NOW + HOUR + 1) == 0


def test_who_belongs_there_is_let_in(throttle: Throttle) -> None:
    throttle.succeeded(throttle.origin("192.0.2.7"), "owner", NOW)
    for guess in range(5):
        throttle.failed(throttle.origin("192.0.2.66"), f"user{guess}", b"secret", NOW)
    assert throttle.wait(throttle.origin("192.0.2.7"), "stranger", NOW) > 0
    assert throttle.wait(throttle.origin("192.0.2.7"), "owner", NOW) == 0


def test_one_user_is_guessed_at_fifty_times_a_day(throttle: Throttle) -> None:
    for guess in range(50):
        throttle.failed(throttle.origin(f"192.0.2.{guess}"), "ann", b"%d" % guess, NOW)
    assert throttle.wait(throttle.origin("192.0.2.200"), "ann", NOW) > 0


def test_trusted_networks_are_not_counted(throttle: Throttle) -> None:
    for remote in ("127.0.0.1", "::1"):
        origin = throttle.origin(remote)
        for guess in range(200):
            failure = throttle.failed(origin, "ann", b"%d" % guess, NOW)
            assert (failure.delay, failure.counted) == (0.0, ())
        assert throttle.wait(origin, "ann", NOW) == 0


def test_an_address_that_is_none_is_counted_too(throttle: Throttle) -> None:
    origin = throttle.origin("not an address")
    assert throttle.failed(origin, "ann", b"x", NOW).delay == 2.0
