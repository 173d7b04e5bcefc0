"""Events that must leave after a commit, also when the process dies in between.

Where several processes share the database, what a commit announces is written down in its own transaction and crossed
out by a later one, once it has left; whatever an own timer finds uncrossed for long was left by a process that died,
and leaves now. Where there is one process alone, its start tells everybody to look again, and nothing is written.
"""

from __future__ import annotations

from collections import deque

from services.storage.repositories import announcements
from services.storage.unit_of_work import UnitOfWork


class Promises:
    """The numbers of what has left and is not crossed out; appended by the loop, taken by the writer's thread."""

    def __init__(self) -> None:
        self._kept: deque[int] = deque()

    @property
    def any_kept(self) -> bool:
        return bool(self._kept)

    def write(self, work: UnitOfWork) -> None:
        """In the transaction: cross out what has left, write down what will."""
        crossed = list(self._kept)
        announcements.remove(work.connection, crossed)
        number = announcements.add(work.connection, work.now, work.announcements) if work.announcements else 0
        work.promise, work.crossed = number, len(crossed)

    def committed(self, work: UnitOfWork) -> None:
        """The transaction of `write` was committed."""
        for _ in range(work.crossed):
            self._kept.popleft()

    def keep(self, work: UnitOfWork) -> None:
        """Everything that the unit announces has left."""
        if work.promise:
            self._kept.append(work.promise)
