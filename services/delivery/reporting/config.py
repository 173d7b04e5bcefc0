"""Settings of what other domains are told of their mail with us: table ``[delivery.reporting]``. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportingSettings:
    """Reports on DMARC go out where the smtp service counts for them (``[smtp.judgement] dmarc_reports``)."""

    tls: bool = True  # count how TLS went, and tell the domains that ask for it (RFC 8460)
    sender: str = "postmaster"  # who writes the reports, in the domain that our letters are sealed for
    organization: str = ""  # as which we make them known; "" for that domain
    private_addresses: bool = False  # whether reports may be posted to hosts in private networks

    interval: float = 60.0  # between two looks for what is due, and between two sums handed over
    pause: float = 1.0  # between two reports
    lease: float = 300.0  # who makes the reports does so until it has not been heard of for so long
    again: float = 3_600.0  # when a report could not be made or handed in ...
    tries: int = 24  # ... as often as this

    def __post_init__(self) -> None:
        for name in ("interval", "pause", "lease", "again", "tries"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.lease <= self.interval:
            raise ValueError("lease must be longer than interval")
        if not self.sender or not self.sender.isascii() or "@" in self.sender or " " in self.sender:
            raise ValueError("sender is a local part")
