"""The four verbs of the bus: call, serve, publish, subscribe.

Whatever carries them (NATS, or memory in tests) keeps the same promises, proved by
`tests/compliance/test_bus.py` on every implementation:

1. The bus may lose, delay, double or reorder anything. Whoever needs more keeps it in storage.
2. ``call`` ends within its deadline with a reply, `Refused` (the server's no) or `Unavailable`. 'No responders' is
   surely-not-executed and is tried again until the deadline; silence is unknown and is tried again only where
   the operation says that this is harmless.
3. ``on_call`` and ``on_event`` are plain functions, called on the trio loop, which must not block or raise: they
   put the work where a task finds it. So that a busy server pays no task for each request, an answer is given by
   calling `Call.answer` at any later time.
4. A server drops calls whose reply subject does not lie in the inbox of the service that the subject proves to be
   asking, and refuses services that the operation does not name.
5. ``publish`` never waits. What cannot be sent is dropped.
6. After a reconnect, or when the broker or our own buffer cut us off, every subscription's ``on_gap`` is called once
   the subscription stands again: something may have been missed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from shared.contracts.errors import Code
from shared.contracts.op import Event, Op
from shared.observe.tracing import Span

Q = TypeVar("Q")
R = TypeVar("R")


class Call(ABC, Generic[Q, R]):
    """One request at its server. Exactly one of `answer` and `refuse` is called, at most once effective."""

    __slots__ = ("caller", "deadline", "request", "span", "trace")

    def __init__(self, request: Q, caller: str, deadline: float, trace: str) -> None:
        self.request = request
        self.caller = caller  # service name, proved by the subject
        self.deadline = deadline  # trio clock; after it nobody listens
        self.trace = trace
        self.span: Span | None = None  # of the answer, where spans are recorded

    @abstractmethod
    def answer(self, reply: R) -> None:
        """Send the reply. Never waits, never raises."""

    @abstractmethod
    def refuse(self, code: Code, text: str = "", data: str = "") -> None:
        """Say no. ``text`` is for logs and administrators; where the request itself is at fault (CANNOT, LIMIT) it
        may reach a mail client, and then holds nothing of the request."""


class Subscription(ABC):
    """A standing interest in events (or calls)."""

    @abstractmethod
    def close(self) -> None:
        """No callback runs after this returns."""


class Bus(ABC):
    """One process's place on the bus. Used from the trio loop only."""

    service: str
    replica: str

    @abstractmethod
    async def call(self, op: Op[Q, R], request: Q, *, trace: str = "", timeout: float | None = None) -> R:
        """Ask and wait. ``timeout`` in seconds shortens the operation's own deadline.

        Raises `Refused` and `Unavailable`.
        """

    @abstractmethod
    def serve(self, op: Op[Q, R], on_call: Callable[[Call[Q, R]], None]) -> Subscription:
        """Answer ``op``, sharing the load with the other replicas of this service."""

    @abstractmethod
    def publish(self, event: Event[Q], payload: Q, *, key: int | None = None) -> None:
        """Tell whoever listens."""

    @abstractmethod
    def subscribe(
        self,
        event: Event[Q],
        on_event: Callable[[Q], None],
        *,
        key: int | None = None,
        on_gap: Callable[[], None] | None = None,
    ) -> Subscription:
        """Listen to one event, for a keyed one to one key (or to all)."""

    @abstractmethod
    async def withdraw(self, subscriptions: Iterable[Subscription]) -> None:
        """Close ``subscriptions`` so that nobody waits in vain: what the broker has given us already still comes.

        Returns when all of that has come (or the broker is silent for a second).
        """

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the broker answers right now (for readiness)."""


AnyCall = Call[Any, Any]
