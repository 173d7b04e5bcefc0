"""From the first signal to the end: unready, then draining, then cut off.

1. SIGTERM or SIGINT: the process is unready, but still accepts for ``drain.delay`` seconds, because a balancer needs
   a moment to look elsewhere.
2. ``draining`` is set: listeners stop accepting, sessions finish what they have in hand; the idle ones are sent away
   one after the other (`spread`), so that their clients do not all come to the next replica at once.
3. A second signal, or ``drain.timeout`` and ``drain.grace`` seconds later, what is left is cancelled.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterable
from typing import TypeVar

import trio
from structlog.typing import FilteringBoundLogger

from shared.runtime.health import Health
from shared.runtime.settings import DrainSettings

S = TypeVar("S")

PAUSE = 0.1  # seconds between two farewells, where there is time for it
SHARE = 0.5  # of the time that sessions have to end, for farewells


async def spread(sessions: Iterable[S], end: Callable[[S], None], seconds: float) -> None:
    """Call ``end`` for each of ``sessions``, in any order, within ``seconds``."""
    waiting = list(sessions)
    random.shuffle(waiting)
    pause = min(PAUSE, seconds / (len(waiting) + 1))
    for session in waiting:
        end(session)
        await trio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


async def drain_on_signal(
    health: Health,
    draining: trio.Event,
    settings: DrainSettings,
    everything: trio.CancelScope,
    log: FilteringBoundLogger,
) -> None:
    """Wait for the signals and walk the steps above; ends by cancelling ``everything`` if nobody else does."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        number = await anext(signals)
        health.draining = True
        log.info("process.draining", signal=signal.Signals(number).name)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_follow, draining, settings, nursery.cancel_scope)
            await anext(signals)
            nursery.cancel_scope.cancel()
    draining.set()
    log.warning("process.drain_cut", connections=health.connections)
    everything.cancel()


async def _follow(draining: trio.Event, settings: DrainSettings, scope: trio.CancelScope) -> None:
    await trio.sleep(settings.delay)
    draining.set()
    await trio.sleep(settings.timeout + settings.grace)
    scope.cancel()
