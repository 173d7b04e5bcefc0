"""Match types: from keys and comparator to a function that says whether one of some values matches.

The functions return at the first value that matches, and set the match variables where the type has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.sieve.comparators import Comparator
from shared.sieve.run import Run
from shared.sieve.text import Texts, constants, resolve_all
from shared.sieve.wildcard import Wildcard

Matcher = Callable[[Run, Sequence[str]], bool]

SLOW = 8  # a character under a pattern costs so many plain ones


class Wanted(NamedTuple):
    """What a test asks: ``relation`` is the word behind ``:count`` and ``:value``."""

    comparator: Comparator
    keys: Texts
    relation: str = ""


class MatchType(NamedTuple):
    """``:name``. ``check`` raises `SieveError` for constant keys that can match nothing; ``substrings``: the
    comparator must support them."""

    name: str
    build: Callable[[Wanted], Matcher]
    extension: str = ""
    has_relation: bool = False
    substrings: bool = False


def build_is(wanted: Wanted) -> Matcher:
    """``:is``: equal under the comparator."""
    fold, fixed = wanted.comparator.fold, constants(wanted.keys)
    known = None if fixed is None else frozenset(map(fold, fixed))

    def match(run: Run, values: Sequence[str]) -> bool:
        keys = known
        if keys is None:
            keys = frozenset(map(fold, resolve_all(wanted.keys, run)))
        for value in values:
            run.spend(len(value))
            if fold(value) in keys:
                return True
        return False

    return match


def build_contains(wanted: Wanted) -> Matcher:
    """``:contains``: a substring."""
    fold, fixed = wanted.comparator.fold, constants(wanted.keys)
    known = None if fixed is None else [fold(key) for key in fixed]

    def match(run: Run, values: Sequence[str]) -> bool:
        keys = known
        if keys is None:
            keys = [fold(key) for key in resolve_all(wanted.keys, run)]
        for value in values:
            run.spend(len(value) * (len(keys) + 1))
            folded = fold(value)
            for key in keys:
                if key in folded:
                    return True
        return False

    return match


def build_matches(wanted: Wanted) -> Matcher:
    """``:matches``: with wildcards, whose texts become the match variables."""
    fold, fixed = wanted.comparator.fold, constants(wanted.keys)
    known = None if fixed is None else [Wildcard(fold(key)) for key in fixed]

    def match(run: Run, values: Sequence[str]) -> bool:
        patterns = known
        if patterns is None:
            keys = resolve_all(wanted.keys, run)
            run.spend(SLOW * sum(map(len, keys)))
            patterns = [Wildcard(fold(key)) for key in keys]
        for value in values:
            folded = fold(value)
            for pattern in patterns:
                run.spend(len(value) * SLOW + pattern.length)
                spans = pattern.match(folded)
                if spans is not None:
                    whole = value if len(value) == len(folded) else folded
                    run.matched = tuple([whole[start:end] for start, end in spans])
                    return True
        return False

    return match


BASE = (
    MatchType("is", build_is),
    MatchType("contains", build_contains, substrings=True),
    MatchType("matches", build_matches, substrings=True),
)
