from __future__ import annotations

import time

import pytest

from shared.base import ids


def test_ids_ascend_and_differ() -> None:
    made = [ids.new_ulid() for _ in range(5_000)]
    assert made == sorted(set(made))


def test_an_id_is_26_characters_of_crockford() -> None:
    made = ids.new_ulid()
    assert len(made) == 26
    assert set(made) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_an_id_begins_with_its_time() -> None:
    assert abs(ids.born(ids.new_ulid()) - time.time()) < 5
    assert ids.born("01M854YGDEQVRQP4H9683D3PFZ") == 1_795_469_296.046


def test_a_clock_that_steps_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new_ulid()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert ids.new_ulid() > before


def test_a_full_counter_moves_on_to_the_next_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    ids.new_ulid()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(ids, "_tail", (1 << 80) - 2)
    last = ids.new_ulid()
    assert ids.new_ulid() > last
