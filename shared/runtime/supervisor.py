"""Keeping named leaf loops alive.

Only a loop that holds no state others rely on is restarted in place. Whatever fails more often than its budget
allows ends the process, and the master or the orchestrator starts it afresh.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import trio
from structlog.typing import FilteringBoundLogger

FIRST_BACKOFF = 0.05  # seconds
LONGEST_BACKOFF = 5.0


async def keep(
    name: str,
    loop: Callable[[], Awaitable[None]],
    *,
    log: FilteringBoundLogger,
    budget: int = 5,
    period: float = 60.0,
) -> None:
    """Run ``loop`` until it returns; start it again when it raises.

    When it fails more than ``budget`` times in ``period`` seconds, its last exception is raised. The pause before a
    restart doubles with each failure that still counts.
    """
    failures: deque[float] = deque()
    while True:
        try:
            await loop()
            return
        except Exception as error:
            now = trio.current_time()
            failures.append(now)
            while failures[0] <= now - period:
                failures.popleft()
            spent = len(failures) > budget
            log.error("loop.failed", loop=name, failures=len(failures), final=spent, exc_info=error)
            if spent:
                raise
        await trio.sleep(min(FIRST_BACKOFF * 2 ** (len(failures) - 1), LONGEST_BACKOFF))
