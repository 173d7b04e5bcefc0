"""Of all processes on one database, one has a duty."""

from __future__ import annotations

from services.storage.repositories import duties
from tests.support.storage import Store


def take(store: Store, now: float, who: str, seconds: float = 10.0) -> bool:
    with store.database.writer() as connection, connection.begin():
        return duties.take(connection, now, "sweep", who, seconds)


def test_who_has_a_duty_keeps_it_until_it_is_not_heard_of(store: Store) -> None:
    assert take(store, 100.0, "one")
    assert not take(store, 105.0, "two")
    assert take(store, 109.0, "one")
    assert not take(store, 118.0, "two")
    assert take(store, 120.0, "two")
    assert not take(store, 121.0, "one")
