"""Ranges of results: ``partial-range`` (RFC 9394 section 4), counted from the oldest message or from the newest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments

S = TypeVar("S", bound=Sequence[int])


class PartialRange(NamedTuple):
    """Results ``low`` to ``high``, both included, the first being 1; ``newest``: counted from the end.

    ``falling``: the client wrote ``high`` first, and so it is answered.
    """

    low: int
    high: int
    newest: bool = False
    falling: bool = False

    def __str__(self) -> str:
        sign = "-" if self.newest else ""
        first, last = (self.high, self.low) if self.falling else (self.low, self.high)
        return f"{sign}{first}:{sign}{last}"

    @property
    def width(self) -> int:
        """The most results that it names."""
        return self.high - self.low + 1

    def of(self, results: S) -> S:
        """The results in the range, in their order; fewer where there are not so many."""
        start, end = self.low - 1, self.high
        if self.newest:
            start, end = max(0, len(results) - end), max(0, len(results) - start)
        return results[start:end]  # type: ignore[return-value]


def partial_range(arguments: Arguments) -> PartialRange:
    """``nz-number ":" nz-number``, or both with a minus sign."""
    newest = arguments.peek() == b"-"
    ends = []
    for place in range(2):
        if place and not arguments.skip(b":"):
            raise ParseError(": expected")
        if newest and not arguments.skip(b"-"):
            raise ParseError("- expected")
        ends.append(arguments.number())
    if 0 in ends:
        raise ParseError("Results are counted from 1")
    first, last = ends
    return PartialRange(min(ends), max(ends), newest, falling=first > last)
