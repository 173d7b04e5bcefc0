"""What a handler is given: the requests that wait together, and the transaction in which they are answered.

Invariants:
1. All that happens in one unit of work becomes durable at once or not at all.
2. What is published here leaves the process after the commit and in the order of the calls; nothing leaves when the
   transaction, or only the savepoint of the calling handler, is rolled back.
3. ``now`` is the same for the whole unit. It counts Unix seconds but never jumps (see `shared.base.clock`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection

from shared.contracts.op import Event

Q = TypeVar("Q")
P = TypeVar("P")


class Asked(NamedTuple, Generic[Q]):
    """One request, its asker proved: ``caller`` by the bus, ``account`` and ``session`` by the grant."""

    request: Q
    caller: str
    account: int = 0  # 0: no grant was given
    session: str = ""
    trace: str = ""


class Announcement(NamedTuple):
    """An event that waits for the commit."""

    event: Event[Any]
    payload: Any
    key: int | None


class UnitOfWork:
    """The writer's transaction, as the handlers of one batch see it."""

    __slots__ = ("after_commit", "announcements", "connection", "crossed", "now", "promise")

    def __init__(self, connection: Connection, now: float) -> None:
        self.connection = connection
        self.now = now
        self.announcements: list[Announcement] = []
        self.after_commit: list[Callable[[], None]] = []
        self.promise = 0  # these two are `services.storage.promises`'
        self.crossed = 0

    def publish(self, event: Event[P], payload: P, key: int | None = None) -> None:
        """Tell ``event`` once this unit is committed."""
        self.announcements.append(Announcement(event, payload, key))

    def on_commit(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the trio loop after the commit, before events leave and callers are answered.

        It keeps in-memory knowledge in step with the tables; it must not raise.
        """
        self.after_commit.append(call)

    def mark(self) -> tuple[int, int]:
        """Where this unit stands, for `rewind`."""
        return len(self.announcements), len(self.after_commit)

    def rewind(self, mark: tuple[int, int]) -> None:
        """Forget what was announced after ``mark``: its savepoint was rolled back."""
        del self.announcements[mark[0] :]
        del self.after_commit[mark[1] :]
