"""`spool.settle`: what became of recipients that were not filed here.

Invariants:
1. A verdict counts once: on a recipient that is ``ready``, under the fence of the claim that it comes from.
2. A report joins the spool in the transaction that takes one of the verdicts it tells of, and does so once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.storage.repositories import contents, leases, letters, settlements
from services.storage.repositories.letters import Incoming
from services.storage.repositories.settlements import Parked, Verdict
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import spool
from shared.contracts.spool import Accept, Recipient, Report, Settle, Settled, Settlement, Status

FINAL = frozenset({Status.DONE, Status.FAILED})


def settle(work: UnitOfWork, asked: Sequence[Asked[Settle]]) -> Sequence[Settled]:
    """Write verdicts down; a stale settlement changes nothing and is named."""
    batch = Batch(work, [each for one in asked for each in one.request.settlements])
    batch.save()
    return [
        Settled(tuple(each.letter for each in one.request.settlements if not batch.is_current(each))) for one in asked
    ]


class Batch:
    """The settlements of one transaction."""

    def __init__(self, work: UnitOfWork, asked: Sequence[Settlement]) -> None:
        self.work = work
        self.fences = leases.fences(work.connection, {each.letter for each in asked})
        current = [each for each in asked if self.is_current(each)]
        seqs = list({self.fences[each.letter][0] for each in current})
        self.waiting = settlements.waiting(work.connection, seqs) if seqs else set()
        self.closed = dict.fromkeys(seqs, 0)
        self.released: set[int] = set()
        self.verdicts: list[Verdict] = []
        self.parked: list[Parked] = []
        self.reports: list[Report] = []
        for each in current:
            self._take(self.fences[each.letter][0], each)

    def is_current(self, settlement: Settlement) -> bool:
        """Whether nobody has claimed the letter since."""
        return self.fences.get(settlement.letter, (0, -1))[1] == settlement.fence

    def _take(self, seq: int, settlement: Settlement) -> None:
        if not settlement.keep:
            self.released.add(seq)
        taken = list(self._taken(seq, settlement))
        if taken:
            self.reports += settlement.reports
        self.verdicts += taken
        self.closed[seq] += sum([verdict.outcome.status in FINAL for verdict in taken])
        self.parked += [Parked(seq, number) for number in settlement.later if (seq, number) in self.waiting]

    def _taken(self, seq: int, settlement: Settlement) -> Iterator[Verdict]:
        for outcome in settlement.outcomes:
            if (seq, outcome.number) in self.waiting:
                self.waiting.discard((seq, outcome.number))
                yield Verdict(seq, outcome, settlement.far)

    def save(self) -> None:
        """Write all, and announce the reports."""
        connection = self.work.connection
        settlements.settle(connection, self.work.now, self.verdicts)
        settlements.park(connection, self.parked)
        if self.closed:
            contents.release(connection, settlements.close(connection, self.closed, self.released))
        reported = self._accept(self.reports) if self.reports else 0
        parked = len({each.seq for each in self.parked})
        if reported or parked:
            self.work.publish(spool.ready, spool.Ready(reported, parked))

    def _accept(self, reports: Sequence[Report]) -> int:
        known = letters.known(self.work.connection, [report.letter for report in reports])
        fresh = [_incoming(report) for report in reports if report.letter not in known]
        if not fresh:
            return 0
        bodies = [(each.request.body, each.request.summary) for each in fresh]
        interned = contents.intern(self.work.connection, self.work.now, bodies)
        letters.add(self.work.connection, self.work.now, fresh, interned)
        return len(fresh)


def _incoming(report: Report) -> Incoming:
    accept = Accept(
        report.letter,
        report.trace,
        "",
        (Recipient(report.recipient, notify=("NEVER",)),),
        report.body,
        report.summary,
        protocol="",
        smtputf8=report.smtputf8,
    )
    return Incoming(accept, b"", 0)
