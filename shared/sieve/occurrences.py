"""Which of several fields of one name a test looks at (``:index``, ``:last`` of RFC 5260 section 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.sieve.arguments import Arguments

T = TypeVar("T")


def chooser(arguments: Arguments) -> Callable[[Sequence[T]], Sequence[T]] | None:
    """A function that leaves the field asked for, None when all are."""
    index = arguments.tag_number("index")
    if index is None:
        if arguments.has("last"):
            raise arguments.fail(":last needs :index")
        return None
    if index < 1:
        raise arguments.fail(":index counts from 1")
    number, from_end = index, arguments.has("last")

    def choose(found: Sequence[T]) -> Sequence[T]:
        if number > len(found):
            return ()
        at = len(found) - number if from_end else number - 1
        return found[at : at + 1]

    return choose
