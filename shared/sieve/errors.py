"""The one family of errors that the engine raises, each with its place in the script."""

from __future__ import annotations

from typing import NamedTuple

from shared.base.errors import EilpostError


class Place(NamedTuple):
    """Line and column in a script, both from 1; the column counts characters."""

    line: int
    column: int


NOWHERE = Place(0, 0)


class SieveError(EilpostError):
    """Something is wrong with a script, or went wrong while it ran. ``str`` begins with the place where known."""

    def __init__(self, problem: str, place: Place = NOWHERE) -> None:
        super().__init__(f"line {place.line}, column {place.column}: {problem}" if place.line else problem)
        self.problem = problem
        self.place = place


class SyntaxProblem(SieveError):
    """The script breaks the grammar (RFC 5228 section 8)."""


class InvalidScript(SieveError):
    """The script is well formed, but says what it may not: unknown command, wrong argument, missing require."""


class LimitExceeded(SieveError):
    """The script, or its run, wants more than it may have."""


class RunProblem(SieveError):
    """The script asked for something impossible while it ran (RFC 5228 section 2.10.6)."""
