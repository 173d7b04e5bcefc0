"""Results counted where they arise, for the reports of a day: in memory, handed over once a minute and at drain.

Invariants
1. Counting costs an entry in a dictionary; nothing waits for storage.
2. What storage did not take under one key is handed over again under the same key: it counts once.
3. What is held is bounded: beyond `MOST` different results the rest is dropped, and said so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import trio

from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.contracts import reports
from shared.contracts.codec import encode
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.reports import DAY, Count, Counted, DmarcRow, Kind, TlsRow
from shared.observe.log import Log

INTERVAL = 60.0  # seconds
MOST = 5_000
_CHUNK = 1_000  # results in one call
_LAST = 5.0  # seconds that the last call may take


class _Key(NamedTuple):
    kind: Kind
    day: int
    domain: str
    row: TlsRow | DmarcRow


class Tally:
    """For one process; ``wall_clock`` gives Unix seconds."""

    def __init__(self, bus: Bus, wall_clock: Callable[[], float], log: Log, *, interval: float = INTERVAL) -> None:
        self._bus = bus
        self._wall_clock = wall_clock
        self._log = log
        self._interval = interval
        self._sums: dict[_Key, int] = {}
        self._waiting: list[Count] = []
        self._handing_over = trio.Lock()
        self._dropped = 0

    def tls(self, domain: str, row: TlsRow) -> None:
        """A session with ``domain`` went so."""
        self._count(Kind.TLS, domain, row)

    def dmarc(self, domain: str, row: DmarcRow) -> None:
        """A message was judged so under the policy of ``domain``."""
        self._count(Kind.DMARC, domain, row)

    def _count(self, kind: Kind, domain: str, row: TlsRow | DmarcRow) -> None:
        key = _Key(kind, int(self._wall_clock() // DAY), domain, row)
        if key not in self._sums and len(self._sums) >= MOST:
            self._dropped += 1
            return
        self._sums[key] = self._sums.get(key, 0) + 1

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await trio.sleep(self._interval)
            await self.flush()

    async def close(self) -> None:
        """The process ends: hand over what there is, if that does not take long."""
        with trio.move_on_after(_LAST):
            await self.flush()

    async def flush(self) -> None:
        """Hand over what was counted. Raises nothing: what storage does not take now waits."""
        async with self._handing_over:
            self._gather()
            while self._waiting:
                try:
                    await self._bus.call(reports.count, self._waiting[0])
                except Unavailable as error:
                    self._log.info("reports.not_counted", reason=str(error))
                    return
                except Refused as error:
                    self._log.warning("reports.refused", reason=str(error))
                del self._waiting[0]

    def _gather(self) -> None:
        sums, self._sums = self._sums, {}
        if self._dropped:
            self._log.warning("reports.dropped", results=self._dropped)
            self._dropped = 0
        counted = [Counted(key.kind, key.day, key.domain, encode(key.row), times) for key, times in sums.items()]
        starts = range(0, len(counted), _CHUNK)
        self._waiting += [Count(new_ulid(), tuple(counted[start : start + _CHUNK])) for start in starts]
        if len(self._waiting) * _CHUNK > 10 * MOST:
            del self._waiting[: -MOST // _CHUNK]
