"""What a commit made known leaves the process here, and nowhere else, in order and after the commit."""

from __future__ import annotations

from collections.abc import Sequence

from services.storage.unit_of_work import Announcement
from shared.bus.client import Bus
from shared.contracts import spool


class Outbox:
    """Publishes on ``bus``. The doorbell of the spool rings once for all letters of a commit."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def publish(self, announcements: Sequence[Announcement]) -> None:
        near = far = 0
        for event, payload, key in announcements:
            if event is spool.ready:
                near += payload.letters
                far += payload.far
            else:
                self._bus.publish(event, payload, key=key)
        if near or far:
            self._bus.publish(spool.ready, spool.Ready(near, far))
