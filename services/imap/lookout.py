"""The safety net below the notices: whatever the bus loses is found within a second or two.

Storage is asked for the modseqs of all mailboxes that somebody here cares about, in one question; which of them are
ahead of what is known here is then looked into one by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Protocol

import trio

from services.imap.columns import pack_wide, unpack
from shared.bus.client import Bus
from shared.contracts import mailboxes
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.mailboxes import ModseqsRequest

_AT_ONCE = 20_000  # mailboxes in one question


class Source(Protocol):
    """Who cares about mailboxes."""

    def cared_for(self) -> Iterable[int]:
        """Mailboxes by id."""
        ...

    def reached(self, mailbox: int, modseq: int) -> None:
        """How far a mailbox is; 0 when it is gone."""
        ...


class Lookout:
    """One for the process. ``seconds`` lie between two questions."""

    def __init__(self, bus: Bus, sources: Sequence[Source], seconds: float) -> None:
        self._bus = bus
        self._sources = sources
        self._seconds = seconds

    async def run(self) -> None:
        """Look out for ever."""
        while True:
            await trio.sleep(self._seconds)
            wanted = array("Q", sorted({mailbox for source in self._sources for mailbox in source.cared_for()}))
            for start in range(0, len(wanted), _AT_ONCE):
                await self._look(wanted[start : start + _AT_ONCE])

    async def _look(self, wanted: array[int]) -> None:
        try:
            reply = await self._bus.call(mailboxes.modseqs, ModseqsRequest(pack_wide(wanted)))
        except (Refused, Unavailable):
            return  # soon again
        for mailbox, modseq in zip(wanted, unpack("Q", reply.modseqs), strict=False):
            for source in self._sources:
                source.reached(mailbox, modseq)
