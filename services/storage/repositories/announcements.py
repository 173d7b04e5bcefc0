"""Events that a commit made known, kept beside it until they are published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from services.storage.tables.announcements import announcement
from services.storage.unit_of_work import Announcement
from shared.contracts.codec import encode, unpack
from shared.contracts.subjects import EVENTS

MANY = 200

ADD = insert(announcement).returning(announcement.c.id)


def add(connection: Connection, now: float, announcements: Sequence[Announcement]) -> int:
    """Write down what is to be published after the commit; under which number."""
    events = encode(tuple((each.event.name, each.key, each.payload) for each in announcements))
    number: int = connection.execute(ADD, {"at": now, "events": events}).scalar_one()
    return number


def remove(connection: Connection, numbers: Sequence[int]) -> None:
    """These were published."""
    if numbers:
        connection.execute(delete(announcement).where(announcement.c.id.in_(numbers)))


def take(connection: Connection, before: float) -> list[Announcement]:
    """Remove some that are older, oldest first: whoever wrote them is gone."""
    old = (
        select(announcement.c.id, announcement.c.events)
        .where(announcement.c.at < before)
        .order_by(announcement.c.id)
        .limit(MANY)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(old).all()
    remove(connection, [row.id for row in rows])
    return [each for row in rows for each in _unpacked(row.events)]


def _unpacked(events: bytes) -> list[Announcement]:
    packed: Any = unpack(events)
    return [
        Announcement(EVENTS[name], EVENTS[name].decode(payload), key)
        for name, key, payload in packed
        if name in EVENTS
    ]
