"""What all sessions of this process share."""

from __future__ import annotations

from structlog.typing import FilteringBoundLogger

from services.managesieve.config import ManageSieveSettings
from shared.bus.client import Bus
from shared.runtime.guests import Guest, Guests
from shared.runtime.settings import USUAL_LOGINS, LoginSettings


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
        self.guests: Guests[Guest] = Guests()
