"""One mail transaction: from MAIL to the reply that ends it (RFC 5321 section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.smtp.intake import Intake
from shared.contracts.spool import Recipient
from shared.protocols.smtp.replies import Reply
from shared.protocols.smtp.syntax.mail import Mail


@dataclass(slots=True)
class Transaction:
    """``letter`` is the letter's id in the spool, our queue id, and the trace id of all calls made for it."""

    letter: str
    mail: Mail
    began: float  # trio clock
    recipients: dict[str, Recipient] = field(default_factory=dict)  # accepted ones, by address
    may_refuse: set[str] = field(default_factory=set)  # recipients whose Sieve scripts may
    refusals: dict[str, Reply] = field(default_factory=dict)  # what recipients who did are told, by address
    order: list[str] = field(default_factory=list)  # of the accepted RCPT commands, for LMTP's replies
    refused: int = 0  # RCPT commands
    turned_away: list[str] = field(default_factory=list)  # the first of these with what they were told, for the log
    intake: Intake | None = None  # open between the first BDAT and the last
    size: int = 0  # octets of the message as received
    waited: float = 0.0  # seconds for the spool's answer
    junk: bool = False  # judged to belong into Junk
    verdicts: dict[str, str] = field(default_factory=dict)  # of the judgement, for the log

    async def close(self) -> None:
        """Give up what was received of the message. The intake knows us: no cycle is to be left behind."""
        intake, self.intake = self.intake, None
        if intake is not None:
            await intake.aclose()
