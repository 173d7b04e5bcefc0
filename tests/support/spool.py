"""A small honest spool in memory: claims, fences, leases and verdicts as `shared.contracts.spool` promises them.

Time is the trio clock, so that tests run it under `trio.testing.MockClock`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import trio

from shared.bus.client import Bus, Call
from shared.contracts import imap_events, messages, spool
from shared.contracts.directory import Kind, Resolution
from shared.contracts.errors import Code
from shared.contracts.messages import Deliver, Delivered, Filing, FilingResult
from shared.contracts.spool import (
    Claim,
    Claimed,
    Due,
    Extend,
    Extended,
    Letter,
    LetterBody,
    Outcome,
    Ready,
    Report,
    Settle,
    Settled,
    Status,
)

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass
class Waiting:
    """One recipient."""

    due: Due
    state: str = "ready"
    next_attempt: float = 0.0
    filed: str = ""
    outcome: Outcome | None = None
    far: bool = False


@dataclass
class Entry:
    """One letter."""

    id: str
    sender: str
    accepted: float
    recipients: list[Waiting]
    fence: int = 0
    claims: int = 0
    lease_until: float = 0.0

    def waiting(self, *, far: bool) -> list[Waiting]:
        """Recipients that wait in a lane."""
        return [each for each in self.recipients if each.state == "ready" and each.far is far]


@dataclass
class FakeSpool:
    """Serves the spool's operations for delivery on ``bus`` (that of a storage replica)."""

    bus: Bus
    letters: dict[str, Entry] = field(default_factory=dict)
    full: set[int] = field(default_factory=set)  # accounts over quota
    mailboxes: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)
    claims: list[int] = field(default_factory=list)  # letters in each claim that was answered
    deliveries: int = 0
    refuse: set[str] = field(default_factory=set)  # letters that storage cannot digest
    quiet: bool = False  # do not ring
    deaf: bool = False  # do not answer `messages.deliver`
    settling: Callable[[], None] = lambda: None  # runs before each `spool.settle`
    reports: list[Report] = field(default_factory=list)
    octets: bytes = b"Subject: x\r\n\r\nx\r\n"  # of every letter

    changed: trio.Event = field(default_factory=trio.Event)  # the next call was served

    def serve(self) -> None:
        self.bus.serve(spool.claim, self._noting(self._claim))
        self.bus.serve(spool.extend, self._noting(self._extend))
        self.bus.serve(spool.settle, self._noting(self._settle))
        self.bus.serve(messages.deliver, self._noting(self._deliver))
        self.bus.serve(imap_events.claim, lambda call: call.answer(imap_events.Claimed(())))
        self.bus.serve(spool.body, lambda call: call.answer(LetterBody(self.octets)))

    def _noting(self, serve: Callable[[Call[Q, R]], None]) -> Callable[[Call[Q, R]], None]:
        def serve_and_note(call: Call[Q, R]) -> None:
            serve(call)
            self.changed.set()
            self.changed = trio.Event()

        return serve_and_note

    def accept(self, id: str, *resolutions: Resolution, sender: str = "ann@example.net") -> Entry:
        """A letter arrives."""
        recipients = [
            Waiting(Due(number, each.address, 0, each), next_attempt=trio.current_time())
            for number, each in enumerate(resolutions)
        ]
        entry = self.letters[id] = Entry(id, sender, trio.current_time(), recipients)
        if not self.quiet:
            self.bus.publish(spool.ready, Ready(1))
        return entry

    def _claim(self, call: Call[Claim, Claimed]) -> None:
        now = trio.current_time()
        claimed: list[Letter] = []
        for entry in self.letters.values():
            due = [w for w in entry.waiting(far=call.request.far) if w.next_attempt <= now]
            if not due or entry.lease_until > now or len(claimed) == call.request.limit:
                continue
            entry.fence += 1
            entry.claims += 1
            entry.lease_until = now + call.request.lease
            dues = tuple(w.due for w in due)
            claimed.append(Letter(entry.id, entry.fence, "", entry.sender, entry.accepted, 1, "", False, dues))
        later = [w.next_attempt for e in self.letters.values() for w in e.waiting(far=call.request.far)]
        next_due = min((at for at in later if at > now), default=None)
        if not call.request.far:
            self.claims.append(len(claimed))
        call.answer(Claimed(tuple(claimed), next_due, len(claimed) == call.request.limit))

    def _extend(self, call: Call[Extend, Extended]) -> None:
        lost = []
        for id, fence in call.request.letters:
            entry = self.letters[id]
            if entry.fence == fence:
                entry.lease_until = trio.current_time() + call.request.lease
            else:
                lost.append(id)
        call.answer(Extended(tuple(lost)))

    def _settle(self, call: Call[Settle, Settled]) -> None:
        self.settling()
        stale = []
        for each in call.request.settlements:
            entry = self.letters[each.letter]
            if entry.fence != each.fence:
                stale.append(each.letter)
                continue
            entry.claims = 0
            if not each.keep:
                entry.lease_until = 0.0
            self.reports += each.reports
            for number in each.later:
                entry.recipients[number].far = True
            if each.later:
                self.bus.publish(spool.ready, Ready(0, 1))
            for outcome in each.outcomes:
                waiting = entry.recipients[outcome.number]
                waiting.outcome, waiting.next_attempt = outcome, outcome.next_attempt
                waiting.due = waiting.due._replace(attempts=waiting.due.attempts + 1)
                waiting.state = "ready" if outcome.status is Status.DEFERRED else outcome.status.value
                waiting.far = each.far
        call.answer(Settled(tuple(stale)))

    def _deliver(self, call: Call[Deliver, Delivered]) -> None:
        if self.deaf:
            return
        self.deliveries += 1
        if any(filing.letter in self.refuse for filing in call.request.filings):
            call.refuse(Code.UNAVAILABLE, "cannot digest it")
            return
        call.answer(Delivered(tuple(self._file(filing) for filing in call.request.filings)))

    def _file(self, filing: Filing) -> FilingResult:
        entry = self.letters[filing.letter]
        waiting = entry.recipients[filing.number]
        if waiting.state == "done":
            return FilingResult(filing.letter, filing.number, filed=waiting.filed)
        if entry.fence != filing.fence or waiting.state != "ready":
            return FilingResult(filing.letter, filing.number, Code.STALE.value)
        if any(target.account in self.full for target in filing.targets):
            return FilingResult(filing.letter, filing.number, Code.OVER_QUOTA.value)
        for target in filing.targets:
            self.mailboxes.setdefault(target.account, []).append((filing.letter, target.prefix))
        waiting.state, waiting.filed = "done", " ".join(f"{t.account}/1" for t in filing.targets)
        for address in filing.forwards:
            due = Due(len(entry.recipients), address, 0, Resolution(address, Kind.FOREIGN))
            entry.recipients.append(Waiting(due, far=True))
        return FilingResult(filing.letter, filing.number, filed=waiting.filed)


def local(account: int, address: str = "", forwards: tuple[str, ...] = ()) -> Resolution:
    """An address that ends in one account."""
    address = address or f"user{account}@example.org"
    return Resolution(address, Kind.LOCAL, (account,), (address,), forwards)
