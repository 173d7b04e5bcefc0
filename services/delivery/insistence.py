"""Asking storage until it answers, as long as there is somebody to ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio

from services.delivery.journal import Journal
from services.delivery.leases import Leases
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.spool import Letter

R = TypeVar("R")

_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between two tries while storage does not answer; doubles
_REFUSALS = 5  # after which a refusal is believed


class Insistence:
    """What asking again depends on."""

    def __init__(self, leases: Leases, journal: Journal, draining: trio.Event) -> None:
        self._leases = leases
        self._journal = journal
        self._draining = draining

    @property
    def is_over(self) -> bool:
        """Whether the process drains: nothing is waited for any more."""
        return self._draining.is_set()

    async def ask(self, letters: Sequence[Letter], ask: Callable[[], Awaitable[R]]) -> R:
        """Ask until storage answers: the leases are renewed meanwhile.

        Raises `Refused`, at last also when storage goes on to refuse for want of something, and `Unavailable` when
        the process drains or the leases are lost.
        """
        pause, refusals = _PAUSE, 0
        while True:
            try:
                return await ask()
            except Refused as error:
                refusals += 1
                if error.code is not Code.UNAVAILABLE or refusals > _REFUSALS or self._draining.is_set():
                    raise
                self._journal.waiting(len(letters), str(error))
            except Unavailable as error:
                if self._draining.is_set() or all(self._leases.is_lost(letter.id) for letter in letters):
                    raise
                self._journal.waiting(len(letters), str(error))
            with trio.move_on_after(pause):
                await self._draining.wait()
            pause = min(2 * pause, _LONGEST_PAUSE)
