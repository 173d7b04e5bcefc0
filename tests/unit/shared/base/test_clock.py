from __future__ import annotations

import time

import pytest

from shared.base.clock import SteadyClock


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_case_70_a_clock_that_is_set_changes_nothing(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    clock = SteadyClock(time.time())
    before, now = clock(), time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert 0 <= clock() - before < 60


def test_it_begins_with_what_it_is_given() -> None:
    assert 1_000_000 <= SteadyClock(1_000_000)() < 1_000_060
