"""What all sessions of this process share."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from secrets import token_hex

import trio
from structlog.typing import FilteringBoundLogger

from services.pop3.config import Pop3Settings
from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.runtime.guests import Guest, Guests
from shared.runtime.settings import USUAL_LOGINS, LoginSettings

TICK = 1.0  # seconds between two looks for silent clients


class Reader(Guest, ABC):
    """A guest who may hold a maildrop."""

    @abstractmethod
    def tick(self, now: float) -> None:
        """End if its client is overdue at ``now`` (trio time)."""

    @abstractmethod
    def verify(self) -> None:
        """Find out whether the account is still what it was at login."""


class House:
    def __init__(
        self,
        settings: Pop3Settings,
        bus: Bus,
        log: FilteringBoundLogger,
        logins: LoginSettings = USUAL_LOGINS,
        hostname: str = "localhost",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.bus = bus
        self.log = log
        self.logins = logins
        self.clock = clock  # Unix seconds
        self._hostname = hostname
        self.batches = trio.Semaphore(settings.batches)  # bodies under way to us
        self.guests: Guests[Reader] = Guests()

    def timestamp(self) -> str:
        """What a greeting tells for APOP, never told before (RFC 1939 section 7); "" where it is switched off."""
        return f"<{new_ulid()}.{token_hex(8)}@{self._hostname}>" if self.settings.apop else ""

    async def watch(self) -> None:
        """The one clock of all sessions, for ever: a timer for each wait would cost as much as the reading."""
        while True:
            await trio.sleep(TICK)
            now = trio.current_time()
            for guest in self.guests.all():
                guest.tick(now)

    def verify_all(self) -> None:
        """Changes of accounts may have been missed."""
        for guest in self.guests.all():
            guest.verify()
