"""editheader (RFC 5293): add and delete header fields of the copies made from here on."""

from __future__ import annotations

import re

from shared.sieve.arguments import Arguments
from shared.sieve.errors import LimitExceeded, RunProblem
from shared.sieve.occurrences import chooser
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve

_NAME = re.compile(r"[!-9;-~]{1,200}\Z")
PROTECTED = frozenset(  # RFC 5293 section 4 and 6; the trace is not the user's to change
    {"received", "auto-submitted", "return-path", "delivered-to", "authentication-results"}
)


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise RunProblem(f"{text[:60]!r} is no name of a header field")
    return text


def _add(arguments: Arguments) -> Step:
    (name,), (value,) = arguments.texts(0), arguments.texts(1)
    last = arguments.has("last")
    if isinstance(name, str) and not _NAME.match(name):
        raise arguments.fail(f"{name[:60]!r} is no name of a header field")

    def step(run: Run) -> Signal | None:
        field = _name(resolve(name, run))
        if field.lower() in PROTECTED:
            return None
        run.edits += 1
        if run.edits > run.limits.edits:
            raise LimitExceeded(f"more than {run.limits.edits} header fields added")
        run.message.add(field, resolve(value, run), last=last)
        return None

    return step


def _delete(arguments: Arguments) -> Step:
    (name,), patterns = arguments.texts(0), arguments.values[1]
    choose = chooser(arguments)
    matcher = arguments.matcher(patterns) if isinstance(patterns, tuple) else None

    def step(run: Run) -> Signal | None:
        field = _name(resolve(name, run))
        if field.lower() in PROTECTED:
            return None
        found = run.message.numbered(field)
        before = run.matched
        chosen = found if choose is None else choose(found)
        places = [place for place, value in chosen if matcher is None or matcher(run, (value,))]
        run.matched = before
        run.message.delete(field, places)
        return None

    return step


_TAGS = (TagRow("index", Value.NUMBER), TagRow("last"))
EXTENSION = Extension(
    "editheader",
    commands=(
        CommandRow("addheader", _add, (Value.STRING, Value.STRING), (TagRow("last"),)),
        CommandRow("deleteheader", _delete, (Value.STRING, Value.STRINGS), _TAGS, trailing=1, matches=True),
    ),
)
