"""Outbound delivery put together."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import trio

from services.delivery.content import Contents
from services.delivery.insistence import Insistence
from services.delivery.journal import Journal
from services.delivery.leases import Leases
from services.delivery.outbound.carrier import Carrier
from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.dispatcher import Dispatcher
from services.delivery.outbound.finding import Finder, Lookup
from services.delivery.outbound.office import Office
from services.delivery.outbound.opening import Opener
from services.delivery.outbound.policies import Policies
from services.delivery.outbound.settling import Settler
from services.delivery.reports import Reporter
from services.delivery.schedule import Schedule
from services.delivery.sealing import Sealing
from shared.bus.client import Bus
from shared.contracts.spool import Letter
from shared.observe.log import Log

Work = Callable[[Sequence[Letter], float], Awaitable[None]]


@asynccontextmanager
async def far_lane(
    bus: Bus,
    settings: OutboundSettings,
    lookup: Lookup,
    leases: Leases,
    insistence: Insistence,
    contents: Contents,
    reporter: Reporter,
    schedule: Schedule,
    journal: Journal,
    log: Log,
    *,
    hostname: str,
    draining: trio.Event,
    wall_clock: Callable[[], float],
) -> AsyncIterator[Work]:
    """Yields what takes claimed letters; at the end, what is in hand is finished."""
    finder = Finder(lookup, hostname, random.randrange, most=settings.hosts, ipv6=settings.ipv6)
    opener = Opener(finder, Policies(bus, lookup, settings, wall_clock, log), settings, hostname)
    settler = Settler(bus, insistence, journal)
    office = Office(settings, leases, settler, draining=draining, wall_clock=wall_clock)
    async with trio.open_nursery() as nursery:
        carrier = Carrier(
            nursery,
            contents,
            Sealing(bus, hostname, log),
            settler,
            reporter,
            schedule,
            journal,
            wall_clock=wall_clock,
            is_lost=leases.is_lost,
            finished=office.finished,
        )
        dispatcher = Dispatcher(nursery, settings, opener, carrier)
        nursery.start_soon(settler.run)
        nursery.start_soon(_wake_at_drain, office, draining)

        async def take(letters: Sequence[Letter], claimed: float) -> None:
            await office.take(letters, claimed, dispatcher, carrier)

        yield take
        await office.finish(dispatcher, carrier)
        nursery.cancel_scope.cancel()


async def _wake_at_drain(office: Office, draining: trio.Event) -> None:
    await draining.wait()
    office.wake()
