"""Sequence sets (RFC 3501 section 9, ``sequence-set``; "$" of RFC 5182)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

STAR = 0  # stands for "*", the largest number in use; no message has number 0


class SequenceSet(NamedTuple):
    """Ranges as the client wrote them: never expanded, in any order, overlaps and `STAR` included.

    ``saved`` is "$", the saved search result; ``ranges`` is then empty.
    """

    ranges: tuple[tuple[int, int], ...]
    saved: bool = False

    def resolve(self, largest: int) -> list[tuple[int, int]]:
        """The set as ascending ranges that neither touch nor overlap, "*" taken as ``largest``.

        Numbers above ``largest`` are kept, so that a caller can refuse or cut them. With ``largest`` 0
        (an empty mailbox) "*" names nothing.
        """
        if len(self.ranges) == 1:
            low, high = self.ranges[0]
            if low and high:
                return [(low, high) if low <= high else (high, low)]
        merged: list[tuple[int, int]] = []
        for low, high in sorted(_ordered(pair, largest) for pair in self.ranges):
            if high == 0:
                continue
            low = max(low, 1)
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return merged


EVERYTHING = SequenceSet(((1, STAR),))


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as ranges, both ends included."""
    start = end = 0  # no message has number 0
    for number in numbers:
        if number == end + 1 and start:
            end = number
            continue
        if start:
            yield start, end
        start = end = number
    if start:
        yield start, end


def _ordered(pair: tuple[int, int], largest: int) -> tuple[int, int]:
    low, high = pair
    low = low or largest
    high = high or largest
    return (low, high) if low <= high else (high, low)
