"""What writer and readers have in common: a bounded queue, threads that empty it, and the way back to the loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from time import time_ns

import trio

from services.storage.turn import Turn, refuse
from shared.contracts.errors import Code, Refused
from shared.observe import metrics
from shared.observe.log import Log
from shared.observe.tracing import Tracer


class Room(ABC):
    """Threads that take all that waits at once. `enter` and settling happen on the trio loop."""

    def __init__(self, name: str, log: Log, *, waiting: int, batch: int, threads: int = 1) -> None:
        self.name = name
        self.log = log
        self.waiting = 0  # turns entered and not settled
        self._most_waiting = waiting
        self._batch = batch
        self._threads = threads
        self._queue: SimpleQueue[Turn | None] = SimpleQueue()
        metrics.on_read(metrics.worker_queue, lambda: self.waiting, name)
        self._now: Callable[[], float]
        self._token: trio.lowlevel.TrioToken

    @property
    def full(self) -> bool:
        return self.waiting >= self._most_waiting

    def enter(self, turn: Turn) -> None:
        """Let ``turn`` wait for its run. Refused (`Code.UNAVAILABLE`) when too many wait."""
        if self.full:
            raise Refused(Code.UNAVAILABLE, f"the {self.name}'s queue is full")
        self.waiting += 1
        self._queue.put(turn)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled. What a thread raises is raised here: it ends the process."""
        self._token = trio.lowlevel.current_trio_token()
        self._now = trio.lowlevel.current_clock().current_time
        limiter = trio.CapacityLimiter(self._threads)
        async with trio.open_nursery() as nursery:
            for _ in range(self._threads):
                nursery.start_soon(self._thread, limiter)
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                for _ in range(self._threads):
                    self._queue.put(None)

    async def _thread(self, limiter: trio.CapacityLimiter) -> None:
        await trio.to_thread.run_sync(self._work, self._queue, limiter=limiter)

    @abstractmethod
    def _work(self, queue: SimpleQueue[Turn | None]) -> None:
        """A thread: take turns from ``queue`` until None comes."""

    def _gather(self, first: Turn, queue: SimpleQueue[Turn | None]) -> list[Turn]:
        """``first`` and whatever waits behind it, but not those whose callers have given up."""
        turns = [first]
        try:
            while len(turns) < self._batch:
                turn = queue.get_nowait()
                if turn is None:
                    queue.put(None)  # the end comes after this batch
                    break
                turns.append(turn)
        except Empty:
            pass
        now = self._now()
        late = [turn for turn in turns if turn.deadline < now]
        if not late:
            return turns
        for turn in late:
            turn.outcome = Refused(Code.UNAVAILABLE, "the deadline passed before its turn came")
        self._hand_back(partial(self._settle, late))
        return [turn for turn in turns if turn.deadline >= now]

    def _is_culprit(self, group: Sequence[Turn], error: Exception) -> bool:
        """Record a failure of our own. A turn alone is to blame, and refused; of several nobody knows which."""
        op = group[0].row.op.name
        metrics.storage_errors_total(op).inc()
        self.log.error("storage.request_failed", op=op, batch=len(group), exc_info=error)
        if len(group) > 1:
            return False
        refuse(group, Code.UNAVAILABLE, "the request failed")
        return True

    def _trace(self, tracer: Tracer, name: str, turns: Sequence[Turn], began: int) -> None:
        """Record that ``turns`` ran together from ``began`` (nanoseconds of Unix time) until now."""
        ended, attributes = time_ns(), {"eilpost.batch": len(turns)}
        for turn in turns:
            if turn.span is not None:
                tracer.within(turn.span, name, began, ended, attributes)

    def _hand_back(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the loop: one hop for a whole batch."""
        try:
            self._token.run_sync_soon(call)
        except trio.RunFinishedError:
            return  # nobody is left to be told

    def _settle(self, turns: Sequence[Turn]) -> None:
        self.waiting -= len(turns)
        for turn in turns:
            turn.settle()
