"""Wiring: a claim loop, a pipeline, and what keeps their leases alive."""

from __future__ import annotations

import time

import trio

from services.delivery.claims import ClaimLoop
from services.delivery.config import DeliverySettings
from services.delivery.journal import Journal
from services.delivery.leases import Leases
from services.delivery.pipeline import Pipeline
from services.delivery.schedule import Schedule
from shared.runtime.process import Process


async def run(process: Process[DeliverySettings]) -> None:
    """Deliver until the process drains and the letters in hand are served."""
    settings, bus, log = process.settings, process.bus, process.log
    schedule = Schedule(settings.first_retry, settings.longest_retry, settings.give_up)
    leases = Leases(bus, settings.lease, log)
    pipeline = Pipeline(bus, schedule, leases, Journal(log), draining=process.draining, wall_clock=time.time)
    claims = ClaimLoop(bus, settings, pipeline.work, draining=process.draining, wall_clock=time.time, log=log)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leases.renew_for_ever)
        await claims.run()
        nursery.cancel_scope.cancel()
