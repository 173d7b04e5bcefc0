"""What is done about mail from outside whose sender cannot be believed: table ``[smtp.judgement]``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.net.limits import networks


class Action(StrEnum):
    """What becomes of a message, mildest first."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"  # into the recipients' Junk
    DEFER = "defer"  # 4xx: the client tries again
    REJECT = "reject"


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
    arc_trusted: tuple[str, ...] = ()  # domains whose seals outweigh a failed DMARC, if they made the whole chain

    def __post_init__(self) -> None:
        networks(self.trusted_networks)
        if self.timeout <= 0:
            raise ValueError("timeout must be above 0")
        words = ", ".join(Action)
        for name in ("dmarc_reject", "dmarc_quarantine", "dmarc_unsure", "spf_fail", "no_author", "no_reverse_name"):
            if getattr(self, name) not in Action.__members__.values():
                raise ValueError(f"{name} is one of {words}")
