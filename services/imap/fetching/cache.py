"""Messages at hand in one session: the one asked for last, and some read ahead of a client that reads on."""

from __future__ import annotations

from collections import OrderedDict

from shared.contracts.messages import Bulk

LIMIT = 384 * 1024  # octets of messages in one cache


class BodyCache:
    """A few whole messages by UID, the oldest let go first. Messages never change, so nothing here is ever wrong."""

    __slots__ = ("_held", "_kept", "last")

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Bulk] = OrderedDict()
        self._held = 0
        self.last = 0  # UID asked for last

    def find(self, uid: int) -> Bulk | None:
        """The message, if it is here."""
        return self._kept.get(uid)

    def keep(self, bulk: Bulk) -> None:
        """Remember a message that came whole."""
        if bulk.url or bulk.uid in self._kept or len(bulk.octets) > LIMIT:
            return
        self._kept[bulk.uid] = bulk
        self._held += len(bulk.octets)
        while self._held > LIMIT:
            _, dropped = self._kept.popitem(last=False)
            self._held -= len(dropped.octets)
