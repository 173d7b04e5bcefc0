"""Wiring: a claim loop for each kind of work, what serves it, and what keeps the leases alive."""

from __future__ import annotations

import gc

import trio

from services.delivery.claims import ClaimLoop, letters, rung, traced
from services.delivery.config import DeliverySettings
from services.delivery.house import House, tools_of
from services.delivery.outbound.finding import Lookup
from services.delivery.outbound.lane import far_lane
from services.delivery.outbound.tls_results import Results
from services.delivery.pipeline import Pipeline
from services.delivery.reporting.desk import Desk
from services.delivery.sieve.event_serving import EventServer
from services.delivery.sieve.examining import examining
from services.delivery.sieve.filtering import Filtering
from services.delivery.sieve.playing import Player
from services.delivery.sieve.programs import Programs
from shared.contracts import imap_events, spool
from shared.net.dns import Resolver
from shared.runtime.process import Process
from shared.runtime.tally import Tally


async def run(process: Process[DeliverySettings]) -> None:
    """Deliver until the process drains and the letters in hand are served."""
    common = process.common
    house = House(process.bus, process.settings, process.draining, process.log, process.clock, common.hostname)
    await deliver(house, Resolver(common.dns))


async def deliver(house: House, lookup: Lookup) -> None:
    """The service without its process."""
    settings, tools = house.settings, tools_of(house)
    player = Player(house, Programs(house.bus, settings.sieve))
    filtering = Filtering(house, player)
    events = EventServer(house, player)
    pipeline = Pipeline(house, tools, filtering)
    near = ClaimLoop(house, letters(house, far=False), traced(pipeline.work), settings.batches)
    happened = ClaimLoop(house, events.claim, events.work, batches=1, poll=settings.sieve.poll)
    tally = Tally(house.bus, house.wall_clock, house.log, interval=settings.reporting.interval)
    results = Results(tally if settings.reporting.tls else None)
    gc.freeze()  # what lives as long as the process is not looked at again
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tools.leases.renew_for_ever)
        nursery.start_soon(tally.run)
        nursery.start_soon(Desk(house, lookup).run)
        async with far_lane(house, tools, lookup, results) as far, examining(house.bus, filtering, house.log):
            with (
                rung(
                    house.bus,
                    spool.ready,
                    (near, lambda ready: ready.letters > 0),
                    (far, lambda ready: ready.far > 0),
                ),
                rung(house.bus, imap_events.ready, (happened, lambda ready: ready.events > 0)),
            ):
                async with trio.open_nursery() as loops:
                    for loop in (near, far, happened):
                        loops.start_soon(loop.run)
        await tally.close()
        nursery.cancel_scope.cancel()
