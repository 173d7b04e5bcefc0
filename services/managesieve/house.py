"""What all sessions of this process share."""

from __future__ import annotations

from typing import Protocol

from structlog.typing import FilteringBoundLogger

from services.managesieve.config import ManageSieveSettings
from shared.bus.client import Bus
from shared.runtime.settings import USUAL_LOGINS, LoginSettings


class Guest(Protocol):
    """A session that can be asked to end."""

    def end(self, reason: str) -> None:
        """End when the command in hand is done, or now when there is none."""


class House:
    def __init__(
        self,
        settings: ManageSieveSettings,
        bus: Bus,
        log: FilteringBoundLogger,
        logins: LoginSettings = USUAL_LOGINS,
    ) -> None:
        self.settings = settings
        self.bus = bus
        self.log = log
        self.logins = logins
        self.closing = ""  # why nobody is let in any more
        self.guests: dict[Guest, int] = {}  # session to account; 0 before login

    def end_all(self, reason: str, account: int | None = None) -> None:
        """End all sessions, or those of one account."""
        for guest, whose in list(self.guests.items()):
            if account is None or whose == account:
                guest.end(reason)
