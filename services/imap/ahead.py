"""Asking for the next pages while this one is on its way to the client."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Generic, TypeVar

import trio

R = TypeVar("R")

_TURNS = 4  # of the loop until a question is written: for who asks, for the writer, for its lock and its socket


class Ahead(Generic[R]):
    """One question asked in the background. Its error waits for whoever takes the answer; so does a bug of ours,
    which is to end one command and not the process."""

    __slots__ = ("_ask", "_done", "_error", "_scope", "_value")

    def __init__(self, nursery: trio.Nursery, ask: Callable[[], Awaitable[R]]) -> None:
        self._ask = ask
        self._done = trio.Event()
        self._scope = trio.CancelScope()
        self._error: Exception | None = None
        self._value: R | None = None
        nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self._scope:
            try:
                self._value = await self._ask()
            except Exception as error:  # noqa: BLE001 - raised again by `take`
                self._error = error
            self._done.set()

    async def take(self) -> R:
        """The answer, when it is there."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        assert self._value is not None
        return self._value

    def cancel(self) -> None:
        """Nobody wants the answer any more."""
        self._scope.cancel()


async def in_turn(
    nursery: trio.Nursery, asks: Iterable[Callable[[], Awaitable[R]]], ahead: int
) -> AsyncGenerator[R, None]:
    """What each of ``asks`` answers, in their order; while the caller is at one, the next ``ahead`` are under way."""
    waiting: deque[Ahead[R]] = deque()
    try:
        for ask in asks:
            waiting.append(Ahead(nursery, ask))
            for _ in range(_TURNS):  # else it would leave when the caller is done, who may be long about it
                await trio.lowlevel.checkpoint()
            if len(waiting) > ahead:
                yield await waiting[0].take()
                waiting.popleft()
        while waiting:
            yield await waiting[0].take()
            waiting.popleft()
    finally:
        for each in waiting:
            each.cancel()
