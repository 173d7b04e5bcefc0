"""What is done about mail from outside whose sender cannot be believed: table ``[smtp.judgement]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.net.limits import networks


class Action(StrEnum):
    """What becomes of a message, mildest first."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"  # into the recipients' Junk
    DEFER = "defer"  # 4xx: the client tries again
    REJECT = "reject"


@dataclass(frozen=True)
class ScannerSettings:
    """What all content scanners have in common."""

    timeout: float = 15.0  # for each step with the scanner
    trouble: str = "defer"  # when it does not answer: accept, or defer
    largest: int = 20 * 1024 * 1024  # octets; larger messages are not scanned

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.largest < 1:
            raise ValueError("timeout must be above 0, largest at least 1")
        if self.trouble not in (Action.ACCEPT, Action.DEFER):
            raise ValueError("trouble is accept or defer")


@dataclass(frozen=True)
class RspamdSettings(ScannerSettings):
    """Table ``[smtp.judgement.rspamd]``. Its action decides: reject, soft reject, add header, no action."""

    url: str = ""  # "http://127.0.0.1:11333"; none: not asked
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.url and not self.url.startswith("http://"):
            raise ValueError("url begins with http://")


@dataclass(frozen=True)
class ClamavSettings(ScannerSettings):
    """Table ``[smtp.judgement.clamav]``."""

    address: str = ""  # "127.0.0.1:3310"; none: not asked
    found: str = "reject"  # what is done about malware: quarantine or reject

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.address and not self.address.rpartition(":")[2].isdecimal():
            raise ValueError("address is host:port")
        if self.found not in (Action.QUARANTINE, Action.REJECT):
            raise ValueError("found is quarantine or reject")


@dataclass(frozen=True)
class JudgementSettings:
    """Each policy names an `Action`. Times are in seconds."""

    enabled: bool = True  # SPF, DKIM, DMARC, ARC and iprev of what strangers hand in on port 25
    trusted_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")  # clients that are not judged: relays of the house
    timeout: float = 20.0  # for all DNS questions about one message; what is not known by then is a temperror

    dmarc_reject: str = "reject"  # for mail that fails a policy of p=reject ...
    dmarc_quarantine: str = "quarantine"  # ... and one of p=quarantine
    dmarc_unsure: str = "accept"  # p=reject or p=quarantine, but the DNS did not answer; defer asks to try again
    spf_fail: str = "quarantine"  # SPF says fail, no DKIM signature holds, and no DMARC policy decides
    no_author: str = "reject"  # From does not name exactly one author
    no_reverse_name: str = "accept"  # the client's address has no name that leads back to it
    dmarc_reports: bool = False  # tell domains once a day how mail in their name was judged (RFC 9990)
    arc_trusted: tuple[str, ...] = ()  # domains whose seals outweigh a failed DMARC, if they made the whole chain

    rspamd: RspamdSettings = field(default_factory=RspamdSettings)
    clamav: ClamavSettings = field(default_factory=ClamavSettings)

    def __post_init__(self) -> None:
        networks(self.trusted_networks)
        if self.timeout <= 0:
            raise ValueError("timeout must be above 0")
        words = ", ".join(Action)
        for name in ("dmarc_reject", "dmarc_quarantine", "dmarc_unsure", "spf_fail", "no_author", "no_reverse_name"):
            if getattr(self, name) not in Action.__members__.values():
                raise ValueError(f"{name} is one of {words}")
