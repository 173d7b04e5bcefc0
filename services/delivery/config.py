"""Settings of the delivery service: table ``[delivery]``. Times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.delivery.outbound.config import OutboundSettings
from services.delivery.reporting.config import ReportingSettings
from services.delivery.sieve.config import SieveSettings

_DAY = 86_400.0


@dataclass(frozen=True)
class DeliverySettings:
    """How letters are claimed and how often they are tried again."""

    batch: int = 100  # letters in one claim
    batches: int = 2  # claims worked on at the same time
    lease: float = 60.0  # renewed while the work goes on; a dead worker's letters come back after it
    poll: float = 1.0  # how late a letter is found whose doorbell was lost
    first_retry: float = 300.0  # doubles with each attempt ...
    longest_retry: float = 4_000.0  # ... up to this
    give_up: float = 5 * _DAY  # after acceptance; its sender is then told
    warn: float = 4 * 3_600.0  # after acceptance: tell the sender that it takes longer; 0: never
    returned: int = 100_000  # octets of a message that goes back whole when its sender asked for that
    full_mailbox: str = "wait"  # for room, as for any other trouble that passes; or "refuse"
    outbound: OutboundSettings = field(default_factory=OutboundSettings)
    reporting: ReportingSettings = field(default_factory=ReportingSettings)
    sieve: SieveSettings = field(default_factory=SieveSettings)

    def __post_init__(self) -> None:
        for name in ("batch", "batches", "lease", "poll", "first_retry", "longest_retry", "give_up"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.full_mailbox not in ("wait", "refuse"):
            raise ValueError('full_mailbox must be "wait" or "refuse"')
        if self.lease < 15:
            raise ValueError("lease must be at least 15, longer than one call to storage")
