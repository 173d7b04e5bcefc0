"""How often a client may ask for the same batches (RFC 10022 sections 3.1.1 and 6). Pure.

To ask again is due when more than half a batch of messages came or went since, or for batches that were not told yet.
What is not due is answered some times all the same, since it costs little here, and then refused.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

PATIENCE = 10  # needless questions that are answered


class Allowance:
    """What was told of one mailbox while it is selected: batches ``first`` to ``last`` of some size."""

    __slots__ = ("_first", "_highest", "_last", "_messages", "_needless", "_size")

    def __init__(self) -> None:
        self._size = 0  # messages in a batch; 0 before the first question
        self._first = self._last = 0
        self._messages = self._highest = 0  # how many there were then, and the highest UID
        self._needless = 0

    def allows(self, uids: Sequence[int], size: int, first: int, last: int) -> bool:
        """Whether batches ``first`` to ``last`` may be told of ``uids``, which ascend."""
        if not self._size or self._moved(uids):
            self._needless = 0
        elif size != self._size or (self._first <= first and last <= self._last):
            self._needless += 1
        else:
            first, last = min(first, self._first), max(last, self._last)
        if self._needless > PATIENCE:
            return False
        self._size, self._first, self._last = size, first, last
        self._messages, self._highest = len(uids), uids[-1]
        return True

    def _moved(self, uids: Sequence[int]) -> bool:
        known = bisect_right(uids, self._highest)
        return 2 * max(len(uids) - known, self._messages - known) > self._size
