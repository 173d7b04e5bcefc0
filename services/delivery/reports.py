"""Telling senders what became of their letters (RFC 3461 section 6): who is told, of what, and never in circles.

Nobody is told about a letter with the null sender, or one that a machine or a list has sent (RFC 3834 section 2,
RFC 5321 section 6.1): what would answer it is another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.delivery.content import Content, Contents
from services.delivery.fate import ALIAS, BOUNCED, DEFERRED, LOCAL, SENT, Fate
from services.delivery.journal import Journal
from shared.base.ids import new_ulid
from shared.contracts.blobs import Body
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Letter, Report
from shared.mail import dsn
from shared.mail.headers import collect
from shared.mail.summary import summarise

_MARKS = (b"auto-submitted", b"list-id", b"list-post", b"list-unsubscribe", b"precedence")
_SUCCESSES = {LOCAL: dsn.DELIVERED, ALIAS: dsn.EXPANDED}
_BULK = frozenset({b"bulk", b"junk", b"list"})


class Reports(NamedTuple):
    """For one settlement. ``warned`` are the recipients whose delay it tells of."""

    letters: tuple[Report, ...] = ()
    warned: frozenset[int] = frozenset()


NONE = Reports()


class Reporter:
    """``host`` is our name; ``warn``, ``give_up`` and ``returned`` as in the settings."""

    def __init__(
        self,
        contents: Contents,
        journal: Journal,
        wall_clock: Callable[[], float],
        *,
        host: str,
        warn: float,
        give_up: float,
        returned: int,
    ) -> None:
        self._contents = contents
        self._journal = journal
        self._wall_clock = wall_clock
        self._host = host
        self._warn = warn
        self._give_up = give_up
        self._returned = returned

    async def told(
        self, letter: Letter, fates: Sequence[Fate], content: Content | None = None
    ) -> tuple[Sequence[Fate], Reports]:
        """The reports on ``fates``; where they cannot be made now, nothing is final and all are tried again."""
        try:
            return fates, await self._reports(letter, fates, content)
        except (Refused, Unavailable) as error:
            self._journal.waiting(1, str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a report must not lose it
            self._journal.bug([letter.id], error)
        again = self._wall_clock() + self._warn
        return [
            fate._replace(status=DEFERRED, code="4.3.0", next_attempt=again) if fate.status == BOUNCED else fate
            for fate in fates
        ], NONE

    async def _reports(self, letter: Letter, fates: Sequence[Fate], content: Content | None) -> Reports:
        now = self._wall_clock()
        wanted = [(fate, action) for fate in fates if (action := self.action(letter, fate, now))]
        if not wanted:
            return NONE
        content = content or await self._contents.read(letter)
        if _is_automatic(content.header):
            self._journal.untold(letter, len(wanted))
            return NONE
        told = [self._told(letter, fate, action, now) for fate, action in wanted]
        report = self._compose(letter, told, content, now)
        return Reports((report,), frozenset([fate.due.number for fate, action in wanted if action == dsn.DELAYED]))

    def action(self, letter: Letter, fate: Fate, now: float) -> str:
        """What the sender is to be told of one recipient; "" for nothing."""
        notify = fate.due.notify
        if not letter.sender or "NEVER" in notify:
            return ""
        if fate.status == BOUNCED:
            return dsn.FAILED if not notify or "FAILURE" in notify else ""
        if fate.status == SENT:
            success = _SUCCESSES.get(fate.relay, dsn.RELAYED)
            if success == dsn.RELAYED and (fate.untimed or "T" in letter.by_mode):  # RFC 2852: whatever NOTIFY says
                return success
            return success if "SUCCESS" in notify and fate.reports else ""
        late = now - letter.accepted >= self._warn > 0 or now >= letter.deliver_by > 0
        return dsn.DELAYED if late and not fate.due.warned and (not notify or "DELAY" in notify) else ""

    def _told(self, letter: Letter, fate: Fate, action: str, now: float) -> dsn.Told:
        due = fate.due
        until = letter.accepted + self._give_up if action == dsn.DELAYED else 0.0
        remote = fate.relay.partition("[")[0] if fate.response else ""
        return dsn.Told(due.address, due.original, action, fate.code, fate.reason, remote, fate.response, now, until)

    def _compose(self, letter: Letter, told: Sequence[dsn.Told], content: Content, now: float) -> Report:
        whole = content.whole
        failed = any(each.action == dsn.FAILED for each in told)
        full = letter.ret == "FULL" and failed and whole is not None and len(whole) <= self._returned
        message = whole if full and whole is not None else content.header
        subject = dsn.Subject(
            letter.id, letter.sender, letter.message_id, letter.envelope_id, letter.accepted, message, full
        )
        report = new_ulid()
        octets, utf8 = dsn.compose(subject, told, host=self._host, at=int(now), report=report)
        return Report(report, letter.trace, letter.sender, Body(octets), summarise(octets), utf8)


def _is_automatic(header: bytes) -> bool:
    found = collect(header, _MARKS, 10_000)
    if found.get(b"auto-submitted", b"no").partition(b";")[0].strip().lower() not in (b"no", b""):
        return True
    if found.get(b"precedence", b"").lower() in _BULK:
        return True
    return b"list-id" in found or b"list-post" in found or b"list-unsubscribe" in found
