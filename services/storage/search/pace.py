"""How fast the word index is filled. Pure.

As fast as it goes while few ask for anything, else with a small share of the time, in small steps. Far behind, it
takes a larger share, so that it does not stay behind for good.
"""

from __future__ import annotations

from services.storage import config

_SMALL = 8  # messages in a step that others wait for
_FAR = 20_000  # contents behind
_LARGER = 0.5  # share of the time then
_BUSY = 50.0  # requests a second; processes that wait for work ask a few
_MEMORY = 0.5  # seconds that the rate of requests goes back


class Pace:
    """One catching up."""

    def __init__(self, settings: config.Search) -> None:
        self._settings = settings
        self._rate = 2 * _BUSY  # until it is seen that there are fewer

    @property
    def _busy(self) -> bool:
        return self._rate > _BUSY

    @property
    def batch(self) -> int:
        """Messages in the next step."""
        return min(_SMALL, self._settings.batch) if self._busy else self._settings.batch

    def asked(self, requests: int, seconds: float) -> None:
        """So many requests of others came in this time."""
        weight = min(1.0, seconds / _MEMORY)
        self._rate += (requests / max(seconds, 0.001) - self._rate) * weight

    def rest(self, took: float, behind: int) -> float:
        """Seconds to sleep after a step that took so long, with so many contents still to come."""
        if not self._busy:
            return self._settings.pause
        share = max(self._settings.share, _LARGER) if behind > _FAR else self._settings.share
        return took * (1.0 / share - 1.0)
