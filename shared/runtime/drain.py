"""From the first signal to the end: unready, then draining, then cut off.

1. SIGTERM or SIGINT: the process is unready, but still accepts for ``drain.delay`` seconds, because a balancer needs
   a moment to look elsewhere.
2. ``draining`` is set: listeners stop accepting, sessions finish what they have in hand.
3. A second signal, or ``drain.timeout`` and ``drain.grace`` seconds later, what is left is cancelled.
"""

from __future__ import annotations

import signal

import trio
from structlog.typing import FilteringBoundLogger

from shared.runtime.health import Health
from shared.runtime.settings import DrainSettings


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
