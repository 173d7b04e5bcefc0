"""ihave (RFC 5463): test for an extension before using it, and ``error``."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.registry import CommandRow, Extension, Step, TestFunction, TestRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve


def _ihave(arguments: Arguments) -> TestFunction:
    names = [arguments.constant((text,)) for text in arguments.texts(0)]
    have = all(name in arguments.required for name in names)  # the compiler has added what can be had
    in_events = have and not arguments.registry.for_delivery(names)
    return lambda run: in_events if run.is_event else have


def _error(arguments: Arguments) -> Step:
    (message,) = arguments.texts(0)

    def step(run: Run) -> Signal | None:
        raise RunProblem(resolve(message, run)[:500])

    return step


EXTENSION = Extension(
    "ihave",
    tests=(TestRow("ihave", _ihave, (Value.STRINGS,)),),
    commands=(CommandRow("error", _error, (Value.STRING,)),),
)
