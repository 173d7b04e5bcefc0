"""Events that must leave after a commit, also when the process dies in between.

Where several processes share the database, what a commit announces is written down in its own transaction and crossed
out by a later one, once it has left: many together, or what is old, or all when nothing else is to do. Whatever a
timer finds uncrossed for long (`services.storage.left_behind`) was left by a process that died, and leaves now. Where
there is one process alone, its start tells everybody to look again, and nothing is written.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from services.storage.repositories import announcements
from services.storage.unit_of_work import UnitOfWork

MANY = 20  # promises worth a statement
OLD = 2.0  # seconds after which one is crossed out in any case


class Kept(NamedTuple):
    """A promise that was kept; ``since`` is when it was made, Unix seconds."""

    number: int
    since: float


class Promises:
    """What has left and is not crossed out; appended by the loop, taken by the writer's thread."""

    def __init__(self) -> None:
        self._kept: deque[Kept] = deque()

    @property
    def any_kept(self) -> bool:
        return bool(self._kept)

    def write(self, work: UnitOfWork, *, idle: bool) -> None:
        """In the transaction: cross out what has left, if it is time to or nothing else is to do; write down what
        will leave."""
        crossed = [each.number for each in self._kept] if idle or self._due(work.now) else []
        announcements.remove(work.connection, crossed)
        number = announcements.add(work.connection, work.now, work.announcements) if work.announcements else 0
        work.promise, work.crossed = number, len(crossed)

    def _due(self, now: float) -> bool:
        return bool(self._kept) and (len(self._kept) >= MANY or now - self._kept[0].since > OLD)

    def committed(self, work: UnitOfWork) -> None:
        """The transaction of `write` was committed."""
        for _ in range(work.crossed):
            self._kept.popleft()

    def keep(self, work: UnitOfWork) -> None:
        """Everything that the unit announces has left."""
        if work.promise:
            self._kept.append(Kept(work.promise, work.now))
