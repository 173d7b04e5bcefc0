"""include (RFC 6609): other scripts of the user or of the installation, ``return``, and global variables.

An included script is a question like any other: its text is the answer, compiled once and remembered by the engine.
"""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.errors import LimitExceeded, RunProblem
from shared.sieve.extensions.variables import NAME
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.script import Script, compile_script
from shared.sieve.text import constants

_MAX_NAME = 512  # octets


def _include(arguments: Arguments) -> Step:
    name = arguments.constant(arguments.texts(0))
    location = "global" if arguments.has("global") else "personal"
    registry, limits = arguments.registry, arguments.limits
    compiled: dict[str, Script] = {}  # the last text seen

    def load(run: Run) -> Script | None:
        text = run.ask("script", location, name)
        if text is None:
            return None
        if text not in compiled:
            compiled.clear()
            octets = text.encode("utf-8", "replace")
            run.spend(len(text) * 8)
            compiled[text] = compile_script(octets, registry, limits, traced=run.trace is not None)
        return compiled[text]

    def step(run: Run) -> Signal | None:
        key = f"{location}:{name}"
        if arguments.has("once") and (location, name) in run.included:
            return None
        if key in run.inclusions:
            raise RunProblem(f"script {name[:60]!r} includes itself")
        if len(run.inclusions) >= run.limits.includes:
            raise LimitExceeded(f"more than {run.limits.includes} scripts inside one another")
        run.include()
        inner = load(run)
        if inner is None:
            if arguments.has("optional") or run.unknown:
                return None
            raise RunProblem(f"there is no {location} script {name[:60]!r}")
        run.included.add((location, name))
        return _call(run, key, inner)

    if not name or len(name.encode("utf-8", "replace")) > _MAX_NAME or not name.isprintable():
        raise arguments.fail("this is no name of a script")
    return step


def _call(run: Run, key: str, inner: Script) -> Signal | None:
    """Run a script with variables of its own (RFC 6609 section 3.3)."""
    outer, names = run.variables, run.shared_names
    run.variables, run.shared_names = {}, set()
    run.inclusions.append(key)
    try:
        signal = inner.perform(run)
    finally:
        run.inclusions.pop()
        run.variables, run.shared_names = outer, names
    return Signal.STOP if signal is Signal.STOP else None


def _return(arguments: Arguments) -> Step:
    return lambda run: Signal.RETURN


def _global(arguments: Arguments) -> Step:
    if "variables" not in arguments.required:
        raise arguments.fail("'variables' is not required")
    names = [name.lower() for name in constants(arguments.texts(0)) or ()]
    if not names or any(not NAME.match(name) or "." in name for name in names):
        raise arguments.fail("these are no names of variables")

    def step(run: Run) -> Signal | None:
        if len(run.shared_names) + len(names) > run.limits.variables:
            raise LimitExceeded(f"more than {run.limits.variables} variables")
        taken = [name for name in names if name in run.variables]
        if taken:  # RFC 6609 section 3.4.1
            raise RunProblem(f"{taken[0][:60]!r} was set before it became global")
        run.shared_names.update(names)
        return None

    return step


_TAGS = (TagRow("personal", None, "location"), TagRow("global", None, "location"), TagRow("once"), TagRow("optional"))
EXTENSION = Extension(
    "include",
    commands=(
        CommandRow("include", _include, (Value.STRING,), _TAGS),
        CommandRow("return", _return),
        CommandRow("global", _global, (Value.STRINGS,)),
    ),
)
