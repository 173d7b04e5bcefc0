"""Waking sessions that wait in IDLE.

A session waits for its client in its one task. When its mailbox changes, that wait is cancelled, and the
session itself tells the news, in one write. Whoever does not wait is not disturbed: it looks for news by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

import trio

from shared.net.shell import PeerTimeout

T = TypeVar("T")


class Bell:
    """One session's bell. `ring` may be called at any time, by any task."""

    __slots__ = ("_rung", "_scope")

    def __init__(self) -> None:
        self._scope: trio.CancelScope | None = None
        self._rung = False

    def ring(self) -> None:
        """End the wait, or the next one."""
        self._rung = True
        if self._scope is not None:
            self._scope.cancel()

    async def wait_for(self, wait: Callable[[float], Awaitable[T]], timeout: float) -> T | None:
        """The result of ``wait``; None when the bell rang first, or rang before.

        ``wait`` is given no deadline of its own and must lose nothing when it is cancelled. Raises `PeerTimeout` when
        ``timeout`` seconds are over.
        """
        if self._hush():
            return None
        with trio.CancelScope(deadline=trio.current_time() + timeout) as scope:
            self._scope = scope
            try:
                return await wait(inf)
            finally:
                self._scope = None
        if self._hush():
            return None
        raise PeerTimeout(f"nothing for {timeout:g} s")

    def _hush(self) -> bool:
        """Whether it had rung."""
        rung, self._rung = self._rung, False
        return rung
