"""The rows of storage: which handler answers which operation, and in which room.

Each ``handlers/<family>.py`` exports ``ROWS``, or a function ``rows(...)`` where a handler needs something of the
wiring (the ticket signer, the directory cache); `services.storage.app` joins them. Handlers take all requests
of their operation that wait together and answer in the same order. A `Refused` is an answer like any other; it may
also be raised, and then the batch is rolled back and its requests are run one by one, so that only the culprit is
refused.

A request with a ``grant`` field reaches its handler only with a verified grant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from services.storage.engines.database import Reach
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Refused
from shared.contracts.op import Op, Repeat

Q = TypeVar("Q")
R = TypeVar("R")

WriteHandler = Callable[[UnitOfWork, Sequence[Asked[Q]]], Sequence[R | Refused]]
ReadHandler = Callable[[Connection, Sequence[Asked[Q]]], Sequence[R | Refused]]
TaskHandler = Callable[[Asked[Q]], Awaitable[R]]
Shortcut = Callable[[Asked[Q]], R | None]
Reaching = Callable[[Asked[Q]], Reach | None]


class Lane(Enum):
    """Which readers serve a question: the heavy ones shall not make the light ones wait."""

    LIGHT = "light"
    HEAVY = "heavy"


@dataclass(frozen=True, eq=False)
class Row(Generic[Q, R]):
    """One operation and its handlers. ``writes`` tells which of the two a request needs.

    ``reach`` tells what a write reaches, so that other processes may write elsewhere at the same time; None for one
    that must have the database for itself.
    """

    op: Op[Q, R]
    write: WriteHandler[Q, R] | None
    read: ReadHandler[Q, R] | None
    writes: Callable[[Q], bool]
    lane: Lane = Lane.LIGHT
    grant_optional: bool = False
    task: TaskHandler[Q, R] | None = None
    shortcut: Shortcut[Q, R] | None = None
    reach: Reaching[Q] | None = None

    @cached_property
    def granted(self) -> bool:
        """Whether requests carry a grant."""
        return "grant" in self.op.request._fields  # type: ignore[attr-defined]

    @cached_property
    def keyed(self) -> bool:
        """Whether the writer remembers answers under the request's ``key``."""
        return self.op.repeat is Repeat.KEYED and "key" in self.op.request._fields  # type: ignore[attr-defined]


AnyRow = Row[Any, Any]


def write(
    op: Op[Q, R], handle: WriteHandler[Q, R], *, grant_optional: bool = False, reach: Reaching[Q] | None = None
) -> Row[Q, R]:
    """A row whose requests all change something: run by the writer."""
    return Row(op, handle, None, lambda request: True, grant_optional=grant_optional, reach=reach)


def read(
    op: Op[Q, R],
    handle: ReadHandler[Q, R],
    *,
    lane: Lane = Lane.LIGHT,
    shortcut: Shortcut[Q, R] | None = None,
    grant_optional: bool = False,
) -> Row[Q, R]:
    """A row of questions: run by the readers on a snapshot, unless ``shortcut`` knows the answer on the loop."""
    return Row(op, None, handle, lambda request: False, lane, grant_optional, shortcut=shortcut)


def either(
    op: Op[Q, R],
    reader: ReadHandler[Q, R],
    writer: WriteHandler[Q, R],
    *,
    writes: Callable[[Q], bool],
    reach: Reaching[Q] | None = None,
) -> Row[Q, R]:
    """A row whose requests are questions or, where ``writes`` says so, changes (FETCH that sets \\Seen)."""
    return Row(op, writer, reader, writes, reach=reach)


def task(op: Op[Q, R], handle: TaskHandler[Q, R], *, shortcut: Shortcut[Q, R] | None = None) -> Row[Q, R]:
    """A row whose requests each become a task on the loop, unless ``shortcut`` knows the answer at once.

    For what must wait (a password is hashed); it asks the rooms in its turn.
    """
    return Row(op, None, None, lambda request: False, task=handle, shortcut=shortcut)


def known(op: Op[Q, R], answer: Callable[[Asked[Q]], R]) -> Row[Q, R]:
    """A row that is always answered on the loop, at once."""
    return Row(op, None, None, lambda request: False, shortcut=answer)
