"""relational (RFC 5231): ``:count`` and ``:value`` with gt, ge, lt, le, eq, ne."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from shared.sieve.comparators import ascii_numeric
from shared.sieve.errors import InvalidScript
from shared.sieve.matching import Matcher, MatchType, Wanted
from shared.sieve.registry import Extension
from shared.sieve.run import Run
from shared.sieve.text import resolve_all

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}


def _relation(wanted: Wanted) -> Callable[[Any, Any], bool]:
    found = _RELATIONS.get(wanted.relation)
    if found is None:
        raise InvalidScript(f"{wanted.relation[:20]!r} is no relation")
    return found


def _value(wanted: Wanted) -> Matcher:
    holds, fold = _relation(wanted), wanted.comparator.fold

    def match(run: Run, values: Sequence[str]) -> bool:
        keys = [fold(key) for key in resolve_all(wanted.keys, run)]
        for value in values:
            run.spend(len(value) * (len(keys) + 1))
            folded = fold(value)
            if any(holds(folded, key) for key in keys):
                return True
        return False

    return match


def _count(wanted: Wanted) -> Matcher:
    holds = _relation(wanted)

    def match(run: Run, values: Sequence[str]) -> bool:
        return any(holds(len(values), ascii_numeric(key)) for key in resolve_all(wanted.keys, run))

    return match


EXTENSION = Extension(
    "relational",
    match_types=(MatchType("value", _value, has_relation=True), MatchType("count", _count, has_relation=True)),
)
