"""regex (draft-murchison-sieve-regex): ``:regex`` by RE2, which takes linear time whatever the pattern.

The library is loaded with the first pattern: processes without one do without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.sieve.comparators import OCTET
from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.matching import SLOW, Matcher, MatchType, Wanted
from shared.sieve.registry import Extension
from shared.sieve.run import Run
from shared.sieve.text import constants, resolve_all
from shared.sieve.wildcard import MATCHED

_MEMORY = 1 << 20  # octets that one compiled pattern may take
_MAX = 2_000  # characters of a pattern


def compile_pattern(pattern: str, *, case_sensitive: bool) -> Any:
    """A pattern of RE2. Raises `InvalidScript`."""
    import re2

    if len(pattern) > _MAX:
        raise InvalidScript(f"a pattern has at most {_MAX} characters")
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise InvalidScript(f"{pattern[:60]!r} is no regular expression") from error


def _build(wanted: Wanted) -> Matcher:
    exact = wanted.comparator is OCTET
    fixed = constants(wanted.keys)
    known = None if fixed is None else [compile_pattern(key, case_sensitive=exact) for key in fixed]

    def patterns(run: Run) -> list[Any]:
        if known is not None:
            return known
        keys = resolve_all(wanted.keys, run)
        try:
            return [compile_pattern(key, case_sensitive=exact) for key in keys]
        except InvalidScript as problem:
            raise RunProblem(problem.problem) from problem

    def match(run: Run, values: Sequence[str]) -> bool:
        for pattern in patterns(run):
            for value in values:
                run.spend(SLOW * len(value))
                text = value.encode("utf-8", "replace").decode("utf-8")
                found = pattern.search(text)
                if found is not None:
                    run.matched = tuple([group or "" for group in (found[0], *found.groups()[:MATCHED])])
                    return True
        return False

    return match


EXTENSION = Extension("regex", match_types=(MatchType("regex", _build, substrings=True),))
