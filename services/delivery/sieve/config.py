"""Settings of Sieve at delivery: table ``[delivery.sieve]``."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class SieveSettings:
    """``before`` and ``after`` are files of scripts that run for everybody, around each user's own."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    shared: str = ""  # folder of scripts for `include :global`; a script is the file NAME.sieve
    lists: str = ""  # folder of lists for `:list` (RFC 6134); a list is the file NAME.list, one member a line
    spam_header: str = ""  # the field in which this installation's own filter leaves a score; "" for none
    spam_full: float = 10.0  # the score that is certainly spam
    virus_header: str = ""  # the field with a number from 0 (not looked at) to 5 (infected), RFC 5235 section 3
    remembered: int = 1_000  # compiled scripts
    largest: int = 8 * MIB  # octets of a letter that scripts may look into and change; of more they see the beginning
    redirects: int = 4  # of one letter by one account; 0 forbids it
    hops: int = 5  # Delivered-To fields after which nothing is sent on any more
    poll: float = 5.0  # seconds: how late what a client did is found whose doorbell was lost

    def __post_init__(self) -> None:
        if self.spam_full <= 0:
            raise ValueError("spam_full must be above 0")
        if self.poll <= 0:
            raise ValueError("poll must be above 0")
        if self.remembered < 1 or self.largest < MIB or self.redirects < 0 or self.hops < 1:
            raise ValueError("remembered and hops must be at least 1, largest 1048576 octets, redirects not below 0")
