"""Calls that wait for their reply, each under a number that ends its reply subject.

A waiting call costs no cancel scope and no timer of its own: one task looks through all of them every `TICK` while
there are any.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import trio
from outcome import Value

TICK = 0.05  # seconds; how late a time-out may be


class Signal(Enum):
    """What a waiting call may learn instead of its reply."""

    TIME_OUT = "time-out"
    NO_RESPONDERS = "no responders"
    ASK_AGAIN = "ask again"  # we reconnected, or a server came up: the reply may never come
    DENIED = "denied"


class Waiter:
    """One call. It is woken by its reply or by a signal; whichever comes while it is not waiting is kept."""

    __slots__ = ("_early", "_task", "number", "subject", "until")

    def __init__(self, number: bytes, subject: bytes) -> None:
        self.number = number
        self.subject = subject
        self.until = float("inf")  # trio clock
        self._task: trio.lowlevel.Task | None = None
        self._early: bytes | Signal | None = None

    async def wait(self, until: float) -> bytes | Signal:
        """The reply's octets, or what happened first; `Signal.TIME_OUT` at ``until``."""
        if self._early is not None:
            early, self._early = self._early, None
            await trio.lowlevel.checkpoint()
            return early
        self.until = until
        self._task = trio.lowlevel.current_task()
        woken: bytes | Signal = await trio.lowlevel.wait_task_rescheduled(self._abort)
        return woken

    def wake(self, value: bytes | Signal) -> None:
        task = self._task
        if task is not None:
            self._task = None
            trio.lowlevel.reschedule(task, Value(value))
        elif not isinstance(self._early, bytes):
            self._early = value

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED

    @property
    def waiting(self) -> bool:
        return self._task is not None


class PendingCalls:
    """All calls of one endpoint that are under way."""

    def __init__(self) -> None:
        self._waiters: dict[bytes, Waiter] = {}
        self._last = 0
        self._sweeper = trio.lowlevel.ParkingLot()

    def __len__(self) -> int:
        return len(self._waiters)

    def open(self, subject: bytes) -> Waiter:
        self._last += 1
        number = b"%d" % self._last
        waiter = self._waiters[number] = Waiter(number, subject)
        if self._sweeper:
            self._sweeper.unpark()
        return waiter

    def close(self, waiter: Waiter) -> None:
        del self._waiters[waiter.number]

    def wake(self, number: bytes, value: bytes | Signal) -> None:
        """Give a call its reply. One that has gone away is passed over."""
        waiter = self._waiters.get(number)
        if waiter is not None:
            waiter.wake(value)

    def wake_all(self, signal: Signal, subject: bytes | None = None) -> None:
        """Tell all calls, or those that were asked on ``subject``."""
        for waiter in self._all():
            if subject is None or waiter.subject == subject:
                waiter.wake(signal)

    async def sweep(self) -> None:
        """Run for ever: wake the calls whose time has come."""
        while True:
            if not self._waiters:
                await self._sweeper.park()
            await trio.sleep(TICK)
            now = trio.current_time()
            for waiter in self._all():
                if waiter.until <= now and waiter.waiting:
                    waiter.wake(Signal.TIME_OUT)

    def _all(self) -> Iterable[Waiter]:
        return tuple(self._waiters.values())
