"""variables (RFC 5229): ``set`` with its modifiers and the ``string`` test."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from shared.sieve.arguments import Arguments
from shared.sieve.errors import LimitExceeded
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve, resolve_all

NAME = re.compile(r"(?:global\.)?[a-z_][a-z0-9_]*\Z")

# Name, precedence (the larger first, RFC 5229 section 4.1), and what it does.
_MODIFIERS: dict[str, tuple[int, Callable[[str], str]]] = {
    "lower": (40, lambda value: value.lower()),
    "upper": (40, lambda value: value.upper()),
    "lowerfirst": (30, lambda value: value[:1].lower() + value[1:]),
    "upperfirst": (30, lambda value: value[:1].upper() + value[1:]),
    "quotewildcard": (20, lambda value: re.sub(r"([*?\\])", r"\\\1", value)),
    "quoteregex": (20, lambda value: re.sub(r"([][.*+?^$|(){}\\-])", r"\\\1", value)),
    "encodeurl": (15, lambda value: quote(value, safe="-._~")),
    "length": (10, lambda value: str(len(value))),
}


def assign(run: Run, name: str, value: str) -> None:
    """Set a variable; its value is cut at the limit, too many names are an error."""
    value = value[: run.limits.variable]
    shared = name.startswith("global.") or name in run.shared_names
    store = run.shared_variables if shared else run.variables
    name = name.removeprefix("global.")
    if name not in store and len(store) >= run.limits.variables:
        raise LimitExceeded(f"more than {run.limits.variables} variables")
    store[name] = value


def variable_name(arguments: Arguments, index: int) -> str:
    """The constant at ``index`` as the name of a variable that may be set."""
    name = arguments.constant(arguments.texts(index)).lower()
    if not NAME.match(name) or (name.startswith("global.") and "include" not in arguments.required):
        raise arguments.fail(f"{name[:60]!r} is no variable that can be set")
    return name


def modifier(arguments: Arguments) -> Callable[[str], str]:
    """What the modifiers among the tags make of a value together."""
    chosen = sorted(
        [(-_MODIFIERS[tag][0], tag) for tag in arguments.tags if tag in _MODIFIERS],
    )
    functions = [_MODIFIERS[tag][1] for _, tag in chosen]

    def apply(value: str) -> str:
        for function in functions:
            value = function(value)
        return value

    return apply


def _set(arguments: Arguments) -> Step:
    name, (value,) = variable_name(arguments, 0), arguments.texts(1)
    modify = modifier(arguments)

    def step(run: Run) -> Signal | None:
        text = resolve(value, run)
        run.spend(len(text))
        assign(run, name, modify(text))
        return None

    return step


def _string(arguments: Arguments) -> TestFunction:
    sources, matcher = arguments.texts(0), arguments.matcher(arguments.texts(1))
    counts = arguments.is_count

    def test(run: Run) -> bool:
        values = resolve_all(sources, run)
        return matcher(run, [value for value in values if value] if counts else values)

    return test


MODIFIERS = (
    TagRow("lower", None, "40"),
    TagRow("upper", None, "40"),
    TagRow("lowerfirst", None, "30"),
    TagRow("upperfirst", None, "30"),
    TagRow("quotewildcard", None, "20"),
    TagRow("quoteregex", None, "20", "regex"),
    TagRow("encodeurl", None, "15", "enotify"),
    TagRow("length", None, "10"),
)
EXTENSION = Extension(
    "variables",
    tests=(TestRow("string", _string, (Value.STRINGS, Value.STRINGS), matches=True),),
    commands=(CommandRow("set", _set, (Value.STRING, Value.STRING), MODIFIERS),),
)
