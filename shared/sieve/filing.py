"""What keep, fileinto and fcc have in common: the flags of the copy, and where it goes."""

from __future__ import annotations

from collections.abc import Callable

from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.outcome import FileInto
from shared.sieve.run import Run
from shared.sieve.text import Texts, resolve, resolve_all

_SYSTEM = {name.lower(): name for name in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")}
_SPECIAL = frozenset('(){%*"\\]')
_MAX_FLAGS = 100
_MAX_MAILBOX = 1_000  # characters
FlagsOf = Callable[[Run], tuple[str, ...] | None]


def flag_names(words: list[str]) -> tuple[str, ...]:
    """The flags in a list of strings, each of which may hold several (RFC 5232 section 2): no doubles, what is no
    flag left out."""
    found: dict[str, str] = {}
    for word in " ".join(words).split():
        name = _SYSTEM.get(word.lower(), word)
        if name.startswith("\\"):
            if name.lower() not in _SYSTEM:
                continue
        elif not name.isascii() or not name.isprintable() or any(letter in _SPECIAL for letter in name):
            continue
        found.setdefault(name.lower(), name)
    return tuple(list(found.values())[:_MAX_FLAGS])


def flags_of(arguments: Arguments) -> FlagsOf:
    """The flags that ``:flags`` gives, or the internal variable as it stands when the action is met."""
    given = arguments.tag_texts("flags")
    if given is None:
        return lambda run: run.flags
    return lambda run: flag_names(resolve_all(given, run))


def mailbox_name(name: str) -> str:
    """``name``, if it can be one. Raises `RunProblem`."""
    if not name or len(name) > _MAX_MAILBOX or not name.isprintable():
        raise RunProblem(f"{name[:60]!r} is no name of a mailbox")
    return name


def target_of(arguments: Arguments, mailbox: Texts) -> Callable[[Run], FileInto]:
    """Where a copy goes, by the tags of fileinto and fcc; without the message's content."""
    flags = flags_of(arguments)
    create = arguments.has("create")
    special, number = arguments.tag_texts("specialuse"), arguments.tag_texts("mailboxid")

    def target(run: Run) -> FileInto:
        return FileInto(
            mailbox_name(resolve(mailbox[0], run)),
            flags(run),
            create,
            "" if special is None else resolve(special[0], run),
            "" if number is None else resolve(number[0], run),
        )

    return target
