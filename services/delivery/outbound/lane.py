"""Outbound delivery put together."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from services.delivery.claims import ClaimLoop, Found, letters, traced
from services.delivery.house import House, Tools
from services.delivery.outbound.carrier import Carrier
from services.delivery.outbound.dispatcher import Dispatcher
from services.delivery.outbound.finding import Finder, Lookup
from services.delivery.outbound.office import Office
from services.delivery.outbound.opening import Opener
from services.delivery.outbound.patience import Patience
from services.delivery.outbound.policies import Policies
from services.delivery.outbound.settling import Settler
from services.delivery.outbound.tls_results import Results
from services.delivery.sealing import Sealing
from shared.contracts.spool import Letter


@asynccontextmanager
async def far_lane(house: House, tools: Tools, lookup: Lookup, results: Results) -> AsyncIterator[ClaimLoop[Letter]]:
    """Yields the loop that claims what leaves; at the end, what is in hand is finished."""
    bus, settings, hostname = house.bus, house.settings.outbound, house.hostname
    finder = Finder(lookup, hostname, random.randrange, most=settings.hosts, ipv6=settings.ipv6)
    policies = Policies(bus, lookup, settings, house.wall_clock, house.log)
    patience = Patience()
    opener = Opener(finder, policies, settings, patience, hostname, results)
    settler = Settler(bus, tools.insistence, tools.journal)
    office = Office(settings, tools.leases, settler, draining=house.draining, wall_clock=house.wall_clock)
    async with trio.open_nursery() as nursery:
        carrier = Carrier(
            nursery,
            tools.contents,
            Sealing(bus, hostname, house.log),
            settler,
            tools.reporter,
            tools.schedule,
            tools.journal,
            wall_clock=house.wall_clock,
            is_lost=tools.leases.is_lost,
            finished=office.finished,
        )
        dispatcher = Dispatcher(nursery, settings, opener, carrier)
        nursery.start_soon(settler.run)
        nursery.start_soon(patience.run)
        nursery.start_soon(_wake_at_drain, office, house.draining)

        claim_some = letters(house, far=True)

        async def claim() -> Found[Letter]:
            found = Found[Letter]()
            try:
                found = await claim_some()
            finally:
                dispatcher.gather(more=found.more)
            return found

        async def take(some: Sequence[Letter], claimed: float) -> None:
            await office.take(some, claimed, dispatcher, carrier)

        yield ClaimLoop(house, claim, traced(take), batches=1)
        await office.finish(dispatcher, carrier)
        nursery.cancel_scope.cancel()


async def _wake_at_drain(office: Office, draining: trio.Event) -> None:
    await draining.wait()
    office.wake()
