"""Unix seconds that never jump: the wall clock as it was at the start, carried on by the monotonic one.

Leases, expiries and next attempts are compared with it, so that a clock set back or forward under a running process
neither loses a lease nor keeps one for ever.
"""

from __future__ import annotations

import time


class SteadyClock:
    """Callable from every thread."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        return self._offset + time.monotonic()
