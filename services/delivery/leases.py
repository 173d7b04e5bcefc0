"""The leases of the letters in hand: renewed while the work takes longer than expected.

Invariant: a letter is renewed from `hold` to `release`. Whoever lost one to another worker learns it from storage,
which refuses the old fence; `lost` only saves asking.
"""

from __future__ import annotations

from collections.abc import Iterable

import trio

from shared.bus.client import Bus
from shared.contracts import spool
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Fenced, Letter
from shared.observe.log import Log

_RENEWALS = 3  # in the time of one lease


class Leases:
    """All that this process has claimed and not yet settled."""

    def __init__(self, bus: Bus, seconds: float, log: Log) -> None:
        self._bus = bus
        self._seconds = seconds
        self._log = log
        self._held: dict[str, tuple[int, float]] = {}  # letter to fence and trio time of the last renewal
        self._lost: set[str] = set()

    def hold(self, letters: Iterable[Letter]) -> None:
        """These were claimed just now."""
        now = trio.current_time()
        self._held.update({letter.id: (letter.fence, now) for letter in letters})

    def release(self, letters: Iterable[Letter]) -> None:
        """The work on these is over. A letter that was claimed again since stays held."""
        for letter in letters:
            held = self._held.get(letter.id)
            if held is not None and held[0] == letter.fence:
                del self._held[letter.id]
                self._lost.discard(letter.id)

    def is_lost(self, letter: str) -> bool:
        """Whether somebody else is known to have the letter by now."""
        return letter in self._lost

    async def renew_for_ever(self) -> None:
        """Renew whatever is held for longer than usual."""
        interval = self._seconds / _RENEWALS
        while True:
            await trio.sleep(interval / 2)
            before = trio.current_time() - interval
            old = [Fenced(letter, fence) for letter, (fence, since) in self._held.items() if since <= before]
            if old:
                await self._renew(tuple(old))

    async def _renew(self, letters: tuple[Fenced, ...]) -> None:
        now = trio.current_time()
        try:
            extended = await self._bus.call(spool.extend, spool.Extend(letters, self._seconds))
        except (Refused, Unavailable) as error:
            self._log.warning("delivery.not_renewed", letters=len(letters), reason=str(error))
            return
        self._lost.update(letter for letter in extended.lost if letter in self._held)
        for letter, fence in letters:
            if letter in self._held and self._held[letter][0] == fence:
                self._held[letter] = (fence, now)
        if extended.lost:
            self._log.warning("delivery.lease_lost", letters=len(extended.lost))
