"""How much each key holds of what is limited: here, and in the other processes of the service as far as they tell.

Invariant: what is held elsewhere is the sum of what each other process told last, no more and no less.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nlargest
from operator import itemgetter


class Holdings:
    """Counts by key (an address, an account). Used from the trio loop only."""

    def __init__(self) -> None:
        self._here: dict[int, int] = {}
        self._told: dict[str, Mapping[int, int]] = {}  # by replica
        self._elsewhere: dict[int, int] = {}

    def total(self, key: int) -> int:
        """What ``key`` holds in all processes."""
        return self._here.get(key, 0) + self._elsewhere.get(key, 0)

    def take(self, key: int) -> None:
        """It holds one more here."""
        self._here[key] = self._here.get(key, 0) + 1

    def give_back(self, key: int) -> None:
        """It holds one less here."""
        _add(self._here, key, -1)

    def busiest(self, least: int, most: int) -> dict[int, int]:
        """The keys that hold ``least`` or more here, and how much; no more than ``most`` keys."""
        found = {key: held for key, held in self._here.items() if held >= least}
        if len(found) > most:
            found = dict(nlargest(most, found.items(), key=itemgetter(1)))
        return found

    def told(self, replica: str, held: Mapping[int, int]) -> None:
        """All that another process has to tell; nothing, if it is gone."""
        for key, count in self._told.pop(replica, {}).items():
            _add(self._elsewhere, key, -count)
        for key, count in held.items():
            _add(self._elsewhere, key, count)
        if held:
            self._told[replica] = held

    @property
    def empty(self) -> bool:
        """Whether nobody holds anything, as far as is known."""
        return not self._here and not self._elsewhere


def _add(counts: dict[int, int], key: int, more: int) -> None:
    count = counts.get(key, 0) + more
    if count:
        counts[key] = count
    else:
        del counts[key]
