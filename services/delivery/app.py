"""Wiring: a claim loop, a pipeline, and what keeps their leases alive."""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

from services.delivery.claims import ClaimLoop
from services.delivery.config import DeliverySettings
from services.delivery.journal import Journal
from services.delivery.leases import Leases
from services.delivery.pipeline import Pipeline
from services.delivery.schedule import Schedule
from services.delivery.sieve.filtering import Filtering
from shared.bus.client import Bus
from shared.observe.log import Log
from shared.runtime.process import Process


async def run(process: Process[DeliverySettings]) -> None:
    """Deliver until the process drains and the letters in hand are served."""
    host = process.common.hostname
    await deliver(process.bus, process.settings, process.draining, process.log, time.time, host)


async def deliver(
    bus: Bus,
    settings: DeliverySettings,
    draining: trio.Event,
    log: Log,
    wall_clock: Callable[[], float],
    host: str = "localhost",
) -> None:
    """The service without its process; ``wall_clock`` gives Unix seconds, ``host`` is our own name."""
    schedule = Schedule(settings.first_retry, settings.longest_retry, settings.give_up)
    leases = Leases(bus, settings.lease, log)
    filtering = Filtering(bus, settings.sieve, host, wall_clock)
    pipeline = Pipeline(bus, schedule, leases, filtering, Journal(log), draining=draining, wall_clock=wall_clock)
    claims = ClaimLoop(bus, settings, pipeline.work, draining=draining, wall_clock=wall_clock, log=log)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leases.renew_for_ever)
        await claims.run()
        nursery.cancel_scope.cancel()
