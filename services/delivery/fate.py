"""What becomes of one recipient in one attempt, and when a letter that could not be delivered gives up. Pure."""

from __future__ import annotations

from typing import NamedTuple

from services.delivery.schedule import Schedule
from shared.contracts.spool import Due, Letter, Outcome, Status

SENT, DEFERRED, BOUNCED = "sent", "deferred", "bounced"

LOCAL, ALIAS = "local", "alias"  # relays that are none: mailboxes of ours, addresses that one stands for

STATUS = {SENT: Status.DONE, DEFERRED: Status.DEFERRED, BOUNCED: Status.FAILED}


class Fate(NamedTuple):
    """``code`` is enhanced (RFC 3463). ``reason`` tells an operator; ``response`` is what the other server said."""

    due: Due
    status: str  # SENT | DEFERRED | BOUNCED
    code: str
    reason: str
    relay: str = "none"
    response: str = ""
    next_attempt: float = 0.0
    reports: bool = True  # nobody behind the relay tells the sender of its success
    untimed: bool = False  # the relay knows nothing of times, and the sender asked for one

    def outcome(self, *, warned: bool = False) -> Outcome:
        """As the spool wants it."""
        return Outcome(self.due.number, STATUS[self.status], self.code, self.reason, self.next_attempt, warned)


def postponed(letter: Letter, fate: Fate, schedule: Schedule, now: float) -> Fate:
    """``fate`` with the time of its next attempt; bounced when there will be none."""
    if now >= letter.deliver_by > 0 and "R" in letter.by_mode:
        return fate._replace(status=BOUNCED, code="5.4.7", reason=f"not delivered by the time asked; {_last(fate)}")
    again = schedule.next_attempt(letter.accepted, now, fate.due.attempts)
    if again is None:
        return fate._replace(status=BOUNCED, code="5.4.7", reason=f"too old to be tried again; {_last(fate)}")
    if letter.deliver_by > now:  # then its sender is to be told, or gets it back (RFC 2852)
        again = min(again, letter.deliver_by)
    return fate._replace(next_attempt=again)


def _last(fate: Fate) -> str:
    return f"last: {fate.code} {fate.reason}"
