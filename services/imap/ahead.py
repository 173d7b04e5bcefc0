"""Asking for the next page while this one is on its way to the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

from shared.base.errors import EilpostError

R = TypeVar("R")


class Ahead(Generic[R]):
    """One question asked in the background. Its error waits for whoever takes the answer."""

    __slots__ = ("_ask", "_done", "_error", "_scope", "_value")

    def __init__(self, nursery: trio.Nursery, ask: Callable[[], Awaitable[R]]) -> None:
        self._ask = ask
        self._done = trio.Event()
        self._scope = trio.CancelScope()
        self._error: EilpostError | None = None
        self._value: R | None = None
        nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self._scope:
            try:
                self._value = await self._ask()
            except EilpostError as error:
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
