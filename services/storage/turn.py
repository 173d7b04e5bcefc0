"""One request on its way through the writer or the readers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import trio

from services.storage.registry import AnyRow
from services.storage.unit_of_work import Asked
from shared.bus.client import AnyCall
from shared.contracts.errors import Code, Refused
from shared.observe import metrics
from shared.observe.tracing import Span

NEVER = float("inf")


class Turn(ABC):
    """A request waits, is run by a thread, and is settled on the trio loop with its outcome."""

    __slots__ = ("asked", "deadline", "outcome", "row")

    def __init__(self, row: AnyRow, asked: Asked[Any], deadline: float = NEVER) -> None:
        self.row = row
        self.asked = asked
        self.deadline = deadline  # trio clock; nobody waits any longer after it
        self.outcome: Any = None  # the reply, or a `Refused`

    @property
    def span(self) -> Span | None:
        """Of the call, where spans are recorded."""
        return None

    @abstractmethod
    def settle(self) -> None:
        """Hand ``outcome`` to whoever waits. Called once, on the trio loop."""


class CallTurn(Turn):
    """A call from the bus."""

    __slots__ = ("_began", "_call", "_settled")

    def __init__(self, row: AnyRow, asked: Asked[Any], call: AnyCall, settled: Callable[[], None]) -> None:
        super().__init__(row, asked, call.deadline)
        self._call = call
        self._settled = settled
        self._began = perf_counter()

    @property
    def span(self) -> Span | None:
        return self._call.span

    def settle(self) -> None:
        outcome = self.outcome
        if isinstance(outcome, Refused):
            self._call.refuse(outcome.code, outcome.text, outcome.data)
        else:
            self._call.answer(outcome)
        self._settled()
        metrics.storage_op_seconds(self.row.op.name).observe(perf_counter() - self._began)


class TaskTurn(Turn):
    """A request of one of our own tasks, which waits here."""

    __slots__ = ("_done",)

    def __init__(self, row: AnyRow, asked: Asked[Any], deadline: float = NEVER) -> None:
        super().__init__(row, asked, deadline)
        self._done = trio.Event()

    def settle(self) -> None:
        self._done.set()

    async def wait(self) -> Any:
        """The reply; raises the `Refused` that came instead."""
        await self._done.wait()
        if isinstance(self.outcome, Refused):
            raise self.outcome
        return self.outcome


class CallbackTurn(Turn):
    """A request whose outcome goes to a function on the loop."""

    __slots__ = ("_then",)

    def __init__(self, row: AnyRow, asked: Asked[Any], then: Callable[[Any], None]) -> None:
        super().__init__(row, asked)
        self._then = then

    def settle(self) -> None:
        self._then(self.outcome)


def by_row(turns: Sequence[Turn]) -> dict[AnyRow, list[Turn]]:
    """Turns of one row together, rows and turns in order of arrival."""
    groups: dict[AnyRow, list[Turn]] = {}
    for turn in turns:
        groups.setdefault(turn.row, []).append(turn)
    return groups


def run(turns: Sequence[Turn], handle: Callable[[Sequence[Asked[Any]]], Sequence[Any]]) -> None:
    """Run one handler for all of ``turns`` and give each its outcome."""
    outcomes = handle([turn.asked for turn in turns])
    for turn, outcome in zip(turns, outcomes, strict=True):
        turn.outcome = outcome


def refuse(turns: Sequence[Turn], code: Code, text: str) -> None:
    """Give all of ``turns`` the same no."""
    for turn in turns:
        turn.outcome = Refused(code, text)
