"""A wall clock that a test moves forward."""

from __future__ import annotations

import time


class ShiftedClock:
    """Callable from every thread."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        return self._offset + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Now is later."""
        self._offset += seconds
