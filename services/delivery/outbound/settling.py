"""Verdicts on their way to the spool: all that wait go in one call, while the next ones gather.

Invariant: a parcel's letter stays held (its lease is renewed) until the spool has answered for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import trio

from services.delivery.insistence import Insistence
from services.delivery.journal import Journal
from shared.bus.client import Bus
from shared.contracts import spool
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Letter, Settle, Settlement

_GATHERING = 0.005  # seconds: verdicts that come close together share a call, and a sync of the disk
OCTETS = 500_000  # of one call, roughly; the bus carries 1 MB
_SETTLEMENT, _OUTCOME, _REPORT = 64, 300, 500  # octets beside the texts


class Waiting(NamedTuple):
    """``done`` is told whether the verdict counts: not if somebody else has claimed the letter meanwhile."""

    letter: Letter
    settlement: Settlement
    done: Callable[[bool], None]


class Settler:
    """Writes verdicts down."""

    def __init__(self, bus: Bus, insistence: Insistence, journal: Journal) -> None:
        self._bus = bus
        self._insistence = insistence
        self._journal = journal
        self._waiting: list[Waiting] = []
        self._bell = trio.Event()

    def add(self, waiting: Waiting) -> None:
        """Write this down soon."""
        self._waiting.append(waiting)
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._bell.wait()
            await trio.sleep(_GATHERING)
            self._bell = trio.Event()
            batch, self._waiting = self._waiting, []
            start = 0
            while start < len(batch):
                end = _fitting(batch, start)
                await self._settle(batch[start:end])
                start = end

    async def _settle(self, batch: Sequence[Waiting]) -> None:
        request = Settle(tuple([each.settlement for each in batch]))
        letters = [each.letter for each in batch]
        try:
            settled = await self._insistence.ask(letters, lambda: self._bus.call(spool.settle, request))
        except (Refused, Unavailable) as error:
            self._journal.abandoned(len(batch), str(error))
            stale = {letter.id for letter in letters}
        else:
            stale = set(settled.stale)
        for each in batch:
            each.done(each.settlement.letter not in stale)


def _fitting(batch: Sequence[Waiting], start: int) -> int:
    """The end of the run of settlements from ``start`` that one call can carry."""
    octets = 0
    for place in range(start, len(batch)):
        octets += _weight(batch[place].settlement)
        if octets > OCTETS and place > start:
            return place
    return len(batch)


def _weight(settlement: Settlement) -> int:
    weight = _SETTLEMENT + sum([_OUTCOME + 2 * len(each.reason) for each in settlement.outcomes])
    for report in settlement.reports:
        summary = report.summary
        weight += _REPORT + len(report.body.octets) + len(summary.envelope) + len(summary.body_structure)
        weight += len(summary.parts)
    return weight
