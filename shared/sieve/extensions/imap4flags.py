"""imap4flags (RFC 5232): flags for what is filed later, in the internal variable or in named ones."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.extensions.variables import assign
from shared.sieve.filing import flag_names
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import Texts, lookup, resolve_all


def _variable(arguments: Arguments) -> str:
    """The variable to work on, "" for the internal one."""
    named = arguments.values[0]
    if named is None:
        return ""
    if "variables" not in arguments.required:
        raise arguments.fail("a variable's name needs 'variables' required")
    assert isinstance(named, tuple)
    return arguments.constant(named).lower()


def _read(run: Run, variable: str) -> tuple[str, ...]:
    return flag_names([lookup(run, variable)]) if variable else run.flags or ()


def _write(run: Run, variable: str, flags: tuple[str, ...]) -> None:
    if variable:
        assign(run, variable, " ".join(flags))
    else:
        run.flags = flags


def _set(arguments: Arguments) -> Step:
    variable, words = _variable(arguments), arguments.texts(1)

    def step(run: Run) -> Signal | None:
        _write(run, variable, flag_names(resolve_all(words, run)))
        return None

    return step


def _add(arguments: Arguments) -> Step:
    variable, words = _variable(arguments), arguments.texts(1)

    def step(run: Run) -> Signal | None:
        _write(run, variable, flag_names([*_read(run, variable), *resolve_all(words, run)]))
        return None

    return step


def _remove(arguments: Arguments) -> Step:
    variable, words = _variable(arguments), arguments.texts(1)

    def step(run: Run) -> Signal | None:
        gone = {name.lower() for name in flag_names(resolve_all(words, run))}
        _write(run, variable, tuple([name for name in _read(run, variable) if name.lower() not in gone]))
        return None

    return step


def _has(arguments: Arguments) -> TestFunction:
    """Each flag set is a value, each flag asked for a key (RFC 5232 section 4)."""
    named, words = arguments.values[0], arguments.texts(1)
    if named is not None and "variables" not in arguments.required:
        raise arguments.fail("variables' names need 'variables' required")
    matcher = arguments.matcher(_split(words))

    def test(run: Run) -> bool:
        if not isinstance(named, tuple):
            return matcher(run, run.flags or ())
        names = [name.lower() for name in resolve_all(named, run)]
        return matcher(run, [flag for name in names for flag in _read(run, name)])

    return test


def _split(words: Texts) -> Texts:
    """Constant keys that hold several flags are several keys."""
    return tuple([one for word in words for one in (word.split() if isinstance(word, str) else (word,))])


_COMMAND = (Value.STRING, Value.STRINGS)
_FLAGS = (TagRow("flags", Value.STRINGS),)
EXTENSION = Extension(
    "imap4flags",
    tests=(TestRow("hasflag", _has, (Value.STRINGS, Value.STRINGS), optional=1, matches=True),),
    commands=(
        CommandRow("setflag", _set, _COMMAND, optional=1),
        CommandRow("addflag", _add, _COMMAND, optional=1),
        CommandRow("removeflag", _remove, _COMMAND, optional=1),
    ),
    tags={"keep": _FLAGS, "fileinto": _FLAGS},
)
