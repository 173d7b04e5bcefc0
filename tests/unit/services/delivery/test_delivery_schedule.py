"""The back-off of letters that wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.fate import DEFERRED, Fate, postponed
from services.delivery.schedule import Schedule
from shared.contracts.directory import Kind, Resolution
from shared.contracts.spool import Due, Letter

DAY = 86_400.0
SCHEDULE = Schedule(300.0, 4_000.0, 5 * DAY)


def test_delays_double_up_to_the_longest() -> None:
    delays = [SCHEDULE.next_attempt(0, 100, attempts) for attempts in range(6)]
    assert delays == [400, 700, 1300, 2500, 4100, 4100]


def test_the_last_attempt_is_at_the_deadline_and_then_no_more() -> None:
    assert SCHEDULE.next_attempt(0, 5 * DAY - 10, 90) == 5 * DAY
    assert SCHEDULE.next_attempt(0, 5 * DAY, 91) is None


@given(st.floats(0, 1e10), st.floats(0, 1e7), st.integers(0, 10_000))
def test_next_attempt_lies_ahead_and_never_behind_the_deadline(accepted: float, age: float, attempts: int) -> None:
    now = accepted + age
    again = SCHEDULE.next_attempt(accepted, now, attempts)
    if again is None:
        assert now >= accepted + 5 * DAY
    else:
        assert now < again <= accepted + 5 * DAY
        assert again - now <= 4_000.001


@given(st.integers(0, 2_000))
def test_a_letter_is_tried_until_it_is_too_old_in_finitely_many_attempts(accepted: int) -> None:
    now, attempts = float(accepted), 0
    while (again := SCHEDULE.next_attempt(accepted, now, attempts)) is not None:
        now, attempts = again, attempts + 1
    assert now == accepted + 5 * DAY
    assert attempts < 200


@pytest.mark.parametrize("mode", ["R", "N", "RT", "NT"])
def test_a_letter_that_is_to_be_there_by_a_time_is_looked_at_then(mode: str) -> None:
    """RFC 2852: it goes back (R), or its sender hears of the delay (N)."""
    due = Due(1, "a@x.example", 0, Resolution("a@x.example", Kind.FOREIGN))
    letter = Letter("01A", 1, "01A", "s@x.example", 0.0, 1, "", False, (due,), deliver_by=60.0, by_mode=mode)
    assert postponed(letter, Fate(due, DEFERRED, "4.4.1", "no"), SCHEDULE, 10.0).next_attempt == 60.0
    late = postponed(letter, Fate(due, DEFERRED, "4.4.1", "no"), SCHEDULE, 61.0)
    assert (late.code == "5.4.7") is ("R" in mode)
