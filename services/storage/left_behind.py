"""Events that a process of storage committed and did not live to publish: another one publishes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import trio

from services.storage.engines.database import Reach
from services.storage.registry import write
from services.storage.repositories import announcements
from services.storage.rooms import Rooms
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Refused
from shared.contracts.op import Op, Repeat
from shared.observe.log import Log

INTERVAL = 5.0  # seconds between two looks at what was left
PATIENCE = 10.0  # seconds after which nobody is thought to be about to publish


class Look(NamedTuple):
    """Is there anything that nobody published?"""


class Found(NamedTuple):
    events: int


def _publish(work: UnitOfWork, asked: Sequence[Asked[Look]]) -> Sequence[Found]:
    found = announcements.take(work.connection, work.now - PATIENCE)
    for event, payload, key in found:
        work.publish(event, payload, key)
    return [Found(len(found))] * len(asked)


LOOK = write(
    Op("announcements.look", Look, Found, frozenset(), 10.0, Repeat.SAFE), _publish, reach=lambda asked: Reach()
)


async def publish_what_is_left(rooms: Rooms, log: Log) -> None:
    """Publish what others have left, for ever."""
    while True:
        await trio.sleep(INTERVAL)
        try:
            found = await rooms.ask(LOOK, Look())
        except Refused:
            continue  # the database is away; it will be back
        if found.events:
            log.info("storage.published_late", events=found.events)
