"""The record of deliveries: one line for each attempt and each claim, and the metrics.

Field names follow Postfix: ``delay`` is the letter's age at the end of the attempt, ``delays`` splits it into before
the queue / in the queue / connecting / transmitting, in seconds.
"""

from __future__ import annotations

from typing import NamedTuple

from services.delivery.fate import BOUNCED, DEFERRED, SENT, Fate
from services.delivery.routing import Task
from shared.contracts.spool import Letter
from shared.observe import metrics, tracing
from shared.observe.log import Log

STALE = "stale"

_ATTEMPTS = {status: metrics.delivery_attempts_total(status) for status in (SENT, DEFERRED, BOUNCED, STALE)}
_DELAY = metrics.delivery_seconds(SENT)
_PANICS = metrics.panics_total("delivery")


class Verdict(NamedTuple):
    """What became of one task."""

    task: Task
    status: str  # SENT | DEFERRED | BOUNCED | STALE
    code: str
    reason: str = ""
    filed: str = ""  # "mailbox/uid" of each copy
    next_attempt: float = 0.0

    @property
    def fate(self) -> Fate:
        """As the sender is told of it, and the spool."""
        relay = "local" if self.task.filing is not None else "none"
        return Fate(self.task.due, self.status, self.code, self.reason, relay, next_attempt=self.next_attempt)


class Times(NamedTuple):
    """Seconds of one attempt at another server."""

    waiting: float
    connecting: float
    sending: float


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
        self._attempted(letter, fields, now - claimed)

    def remote(self, letter: Letter, fate: Fate, times: Times, tls: str, *, counts: bool) -> None:
        """One recipient was tried elsewhere; ``counts``: the spool has taken the verdict."""
        status = fate.status if counts else STALE
        delay = sum(times)
        _ATTEMPTS[status].inc()
        fields: dict[str, object] = {
            "letter": letter.id,
            "trace": letter.trace,
            "to": fate.due.address,
            "relay": fate.relay,
            "delay": round(delay, 3),
            "delays": f"0/{times.waiting:.3f}/{times.connecting:.3f}/{times.sending:.3f}",
            "dsn": fate.code,
            "status": status,
            "response": fate.response or fate.reason,
            "attempt": fate.due.attempts + 1,
        }
        if tls:
            fields["tls"] = tls
        if status == SENT:
            _DELAY.observe(delay)
        elif fate.next_attempt:
            fields["next_attempt"] = round(fate.next_attempt, 3)
        self._attempted(letter, fields, delay)

    def _attempted(self, letter: Letter, fields: dict[str, object], seconds: float) -> None:
        """Write the line of an attempt that took ``seconds``, and its span."""
        if tracing.tracer is not None:
            told = {f"delivery.{name}": str(fields[name]) for name in ("status", "relay", "dsn")}
            tracing.tracer.over("delivery.attempt", letter.trace, seconds, told)
        self._log.info("delivery.attempt", **fields)

    def untold(self, letter: Letter, recipients: int) -> None:
        """A machine or a list has sent the letter: nobody is told of its end."""
        self._log.info("delivery.report_withheld", letter=letter.id, trace=letter.trace, recipients=recipients)

    def claim(self, letters: int, verdicts: list[Verdict], seconds: float) -> None:
        """The work on one claim is over."""
        counts = dict.fromkeys((SENT, DEFERRED, BOUNCED, STALE), 0)
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
