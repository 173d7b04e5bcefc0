"""What the parts of the service have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from services.delivery.config import DeliverySettings
from services.delivery.content import Contents
from services.delivery.insistence import Insistence
from services.delivery.journal import Journal
from services.delivery.leases import Leases
from services.delivery.reports import Reporter
from services.delivery.schedule import Schedule
from shared.bus.client import Bus
from shared.observe.log import Log


@dataclass(frozen=True)
class House:
    """Where the service stands. ``wall_clock`` gives Unix seconds, ``hostname`` is our own name."""

    bus: Bus
    settings: DeliverySettings
    draining: trio.Event
    log: Log
    wall_clock: Callable[[], float]
    hostname: str


@dataclass(frozen=True)
class Tools:
    """What whoever works on letters needs: their leases and texts, when to try again, whom to tell, the record."""

    schedule: Schedule
    leases: Leases
    insistence: Insistence
    contents: Contents
    reporter: Reporter
    journal: Journal


def tools_of(house: House) -> Tools:
    """As the settings want them."""
    settings = house.settings
    leases, journal = Leases(house.bus, settings.lease, house.log), Journal(house.log)
    insistence = Insistence(leases, journal, house.draining)
    contents = Contents(house.bus, insistence)
    reporter = Reporter(
        contents,
        journal,
        house.wall_clock,
        host=house.hostname,
        warn=settings.warn,
        give_up=settings.give_up,
        returned=settings.returned,
    )
    schedule = Schedule(settings.first_retry, settings.longest_retry, settings.give_up)
    return Tools(schedule, leases, insistence, contents, reporter, journal)
