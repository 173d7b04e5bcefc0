"""Wiring: a claim loop for each lane, what serves it, and what keeps the leases alive."""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

from services.delivery.claims import ClaimLoop, doorbell
from services.delivery.config import DeliverySettings
from services.delivery.content import Contents
from services.delivery.insistence import Insistence
from services.delivery.journal import Journal
from services.delivery.leases import Leases
from services.delivery.outbound.finding import Lookup
from services.delivery.outbound.lane import far_lane
from services.delivery.pipeline import Pipeline
from services.delivery.reports import Reporter
from services.delivery.routing import FULL, FULL_FOR_GOOD
from services.delivery.schedule import Schedule
from services.delivery.sieve.examining import examining
from services.delivery.sieve.filtering import Filtering
from shared.bus.client import Bus
from shared.net.dns import Resolver
from shared.observe.log import Log
from shared.runtime.process import Process


async def run(process: Process[DeliverySettings]) -> None:
    """Deliver until the process drains and the letters in hand are served."""
    await deliver(
        process.bus,
        process.settings,
        process.draining,
        process.log,
        time.time,
        hostname=process.common.hostname,
        lookup=Resolver(process.common.dns),
    )


async def deliver(
    bus: Bus,
    settings: DeliverySettings,
    draining: trio.Event,
    log: Log,
    wall_clock: Callable[[], float],
    *,
    hostname: str,
    lookup: Lookup,
) -> None:
    """The service without its process; ``wall_clock`` gives Unix seconds, ``hostname`` is our own name."""
    schedule = Schedule(settings.first_retry, settings.longest_retry, settings.give_up)
    leases, journal = Leases(bus, settings.lease, log), Journal(log)
    insistence = Insistence(leases, journal, draining)
    contents = Contents(bus, insistence)
    reporter = Reporter(
        contents,
        journal,
        wall_clock,
        host=hostname,
        warn=settings.warn,
        give_up=settings.give_up,
        returned=settings.returned,
    )
    filtering = Filtering(bus, settings.sieve, hostname, wall_clock)
    full = FULL_FOR_GOOD if settings.full_mailbox == "refuse" else FULL
    pipeline = Pipeline(
        bus, schedule, leases, insistence, filtering, reporter, journal, wall_clock=wall_clock, full=full
    )
    near = ClaimLoop(
        bus, settings, pipeline.work, batches=settings.batches, draining=draining, wall_clock=wall_clock, log=log
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leases.renew_for_ever)
        async with far_lane(
            bus,
            settings.outbound,
            lookup,
            leases,
            insistence,
            contents,
            reporter,
            schedule,
            journal,
            log,
            hostname=hostname,
            draining=draining,
            wall_clock=wall_clock,
        ) as take:
            far = ClaimLoop(
                bus, settings, take, batches=1, far=True, draining=draining, wall_clock=wall_clock, log=log
            )
            async with examining(bus, filtering):
                with doorbell(bus, near, far):
                    async with trio.open_nursery() as loops:
                        loops.start_soon(near.run)
                        loops.start_soon(far.run)
        nursery.cancel_scope.cancel()
