"""How fast the word index is filled. Pure.

As fast as it goes while nobody asks for anything, else with a small share of the time, in small steps. Far behind, it
takes a larger share, so that it does not stay behind for good.
"""

from __future__ import annotations

from services.storage import config

_SMALL = 8  # messages in a step that others wait for
_FAR = 20_000  # contents behind
_LARGER = 0.5  # share of the time then


class Pace:
    """One catching up."""

    def __init__(self, settings: config.Search) -> None:
        self._settings = settings
        self._disturbs = True  # until it is seen that it does not

    @property
    def batch(self) -> int:
        """Messages in the next step."""
        return min(_SMALL, self._settings.batch) if self._disturbs else self._settings.batch

    def rest(self, took: float, behind: int, *, disturbs: bool) -> float:
        """Seconds to sleep after a step that took so long; ``disturbs``: somebody asked for something meanwhile."""
        self._disturbs = disturbs
        if not disturbs:
            return 0.0
        share = max(self._settings.share, _LARGER) if behind > _FAR else self._settings.share
        return took * (1.0 / share - 1.0)
