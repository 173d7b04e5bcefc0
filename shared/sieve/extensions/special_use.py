"""special-use (RFC 8579): file by what a mailbox is for."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve, resolve_all


def _exists(arguments: Arguments) -> TestFunction:
    named, uses = arguments.values[0], arguments.texts(1)

    def test(run: Run) -> bool:
        mailbox = resolve(named[0], run) if isinstance(named, tuple) else ""
        wanted = resolve_all(uses, run)
        if any(not use.startswith("\\") for use in wanted):
            raise RunProblem("a special use begins with a backslash")
        answers = [run.ask("special-use", use.lower(), mailbox) for use in wanted]
        return all(answer is not None for answer in answers)

    return test


EXTENSION = Extension(
    "special-use",
    tests=(TestRow("specialuse_exists", _exists, (Value.STRING, Value.STRINGS), optional=1),),
    tags={"fileinto": (TagRow("specialuse", Value.STRING),)},
)
