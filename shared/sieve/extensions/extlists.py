"""extlists (RFC 6134): lists that the installation keeps: ``:list``, ``redirect :list``, ``valid_ext_list``."""

from __future__ import annotations

from collections.abc import Sequence

from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.matching import Matcher, MatchType, Wanted
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve_all

_MAX_NAME, _MAX_VALUE = 200, 1_000  # characters


def _build(wanted: Wanted) -> Matcher:
    """Whether a value is a member of one of the lists that the keys name. The value becomes match variable 0."""

    def match(run: Run, values: Sequence[str]) -> bool:
        for name in resolve_all(wanted.keys, run):
            for value in values:
                run.tick()
                if 0 < len(value) <= _MAX_VALUE and run.ask("list-holds", _name(name), value.lower()) is not None:
                    run.matched = (value,)
                    return True
        return False

    return match


def _name(text: str) -> str:
    if not 0 < len(text) <= _MAX_NAME or not text.isprintable():
        raise RunProblem(f"{text[:60]!r} is no name of a list")
    return text


def members(run: Run, name: str) -> list[str]:
    """All that stand in a list. Raises `RunProblem` for one that is not there."""
    found = run.ask("list", _name(name))
    if found is None:
        if run.unknown:
            return []
        raise RunProblem(f"there is no list {name!r}")
    return found.split("\n") if found else []


def _valid(arguments: Arguments) -> TestFunction:
    names = arguments.texts(0)
    return lambda run: all(run.ask("list", _name(name)) is not None for name in resolve_all(names, run))


EXTENSION = Extension(
    "extlists",
    tests=(TestRow("valid_ext_list", _valid, (Value.STRINGS,)),),
    tags={"redirect": (TagRow("list"),)},
    match_types=(MatchType("list", _build),),
)
