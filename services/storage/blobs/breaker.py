"""Whether to ask a store that did not answer: by one request at a time, until one is answered again.

Without it all that wait for the store would wait out its time-outs one after the other, each in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

from shared.contracts.errors import Unavailable

REST = 1.0  # seconds after a failure in which nobody asks


class Breaker:
    """Used from many threads. Each request that `enter` lets through ends in `worked` or `failed`."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failing = False
        self._next = 0.0  # when somebody may ask again, while it fails

    def enter(self, patience: float) -> None:
        """Ask, if that makes sense now; the answer is expected within ``patience`` seconds. Raises `Unavailable`."""
        with self._lock:
            now = self._clock()
            if self._failing and now < self._next:
                raise Unavailable("the object store did not answer a moment ago", executed=False)
            self._next = now + patience

    def worked(self) -> bool:
        """It answered; whether that is news."""
        with self._lock:
            news, self._failing = self._failing, False
            return news

    def failed(self) -> bool:
        """It did not; whether that is news."""
        with self._lock:
            news, self._failing = not self._failing, True
            self._next = self._clock() + REST
            return news
