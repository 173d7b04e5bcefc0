"""Unix seconds that never jump: the time as it was at the start, carried on by a clock that nobody sets.

Leases, expiries and next attempts are compared with it, so that a clock set back or forward under a running process
neither loses a lease nor keeps one for ever. Processes on one database begin with the database's time; the others
have their clock from `shared.runtime.process.Process`.
"""

from __future__ import annotations

import time

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the former goes on while the machine sleeps


class SteadyClock:
    """Callable from every thread. ``now`` is the time to begin with, in Unix seconds."""

    def __init__(self, now: float) -> None:
        self._offset = now - time.clock_gettime(_STEADY)

    def __call__(self) -> float:
        return self._offset + time.clock_gettime(_STEADY)
