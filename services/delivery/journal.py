"""The record of deliveries: one line for each attempt and each claim, and the metrics.

Field names follow Postfix: ``delay`` is the letter's age at the end of the attempt, ``delays`` splits it into before
the queue / in the queue / connecting / transmitting, in seconds.
"""

from __future__ import annotations

from typing import NamedTuple

from services.delivery.routing import Task
from shared.observe import metrics
from shared.observe.log import Log

SENT, DEFERRED, HELD, STALE = "sent", "deferred", "held", "stale"

_ATTEMPTS = {status: metrics.delivery_attempts_total(status) for status in (SENT, DEFERRED, HELD, STALE)}
_DELAY = metrics.delivery_seconds(SENT)
_PANICS = metrics.panics_total("delivery")


class Verdict(NamedTuple):
    """What became of one task."""

    task: Task
    status: str  # SENT | DEFERRED | HELD | STALE
    code: str
    reason: str = ""
    filed: str = ""  # "mailbox/uid" of each copy
    next_attempt: float = 0.0


class Journal:
    """Writes the lines."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def attempt(self, verdict: Verdict, claimed: float, filing: float, now: float) -> None:
        """One recipient was tried; times in Unix seconds: of the claim, of the call that files, and now."""
        letter, due, filing_task, _ = verdict.task
        delay = now - letter.accepted
        _ATTEMPTS[verdict.status].inc()
        fields: dict[str, object] = {
            "letter": letter.id,
            "trace": letter.trace,
            "to": due.address,
            "relay": "none" if filing_task is None else "local",
            "delay": round(delay, 3),
            "delays": f"0/{max(0.0, claimed - letter.accepted):.3f}/{filing - claimed:.3f}/{now - filing:.3f}",
            "dsn": verdict.code,
            "status": verdict.status,
        }
        if verdict.status == SENT:
            _DELAY.observe(delay)
            fields["filed"] = verdict.filed
            if filing_task is not None and filing_task.forwards:
                fields["forwards"] = len(filing_task.forwards)
        else:
            fields["reason"] = verdict.reason
            fields["attempt"] = due.attempts + 1
            if verdict.next_attempt:
                fields["next_attempt"] = round(verdict.next_attempt, 3)
        self._log.info("delivery.attempt", **fields)

    def claim(self, letters: int, verdicts: list[Verdict], seconds: float) -> None:
        """The work on one claim is over."""
        counts = dict.fromkeys((SENT, DEFERRED, HELD, STALE), 0)
        for verdict in verdicts:
            counts[verdict.status] += 1
        self._log.info("delivery.claim", letters=letters, **counts, seconds=round(seconds, 3))

    def abandoned(self, letters: int, reason: str) -> None:
        """Nobody knows what became of these: their leases lapse, and another claim finds out."""
        self._log.warning("delivery.abandoned", letters=letters, reason=reason)

    def bug(self, letters: list[str], error: Exception) -> None:
        """Something in here is wrong."""
        _PANICS.inc()
        self._log.error("delivery.bug", letters=len(letters), first=letters[0], exc_info=error)

    def waiting(self, letters: int, reason: str) -> None:
        """Storage did not answer; the work goes on when it does."""
        self._log.warning("delivery.storage_unavailable", letters=letters, reason=reason)
