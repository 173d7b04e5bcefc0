"""What scripts may say: every extension's tests, commands, tags, match types and comparators, as rows.

An extension is one module in `shared.sieve.extensions`, named after it. The validator knows nothing else: what stands
in no row here is refused, and what an extension brings is refused without its ``require``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.sieve.matching import MatchType
from shared.sieve.run import Run, Signal

if TYPE_CHECKING:
    from shared.sieve.arguments import Arguments

TestFunction = Callable[[Run], bool]
Step = Callable[[Run], Signal | None]


class Value(Enum):
    """Types of arguments (RFC 5228 section 2.4)."""

    STRING = "a string"
    STRINGS = "a string list"
    NUMBER = "a number"


class TagRow(NamedTuple):
    """``:name``, maybe with an argument. Of the tags of one ``group`` only one may be given."""

    name: str
    value: Value | None = None
    group: str = ""
    extension: str = ""


class TestRow(NamedTuple):
    """A test. ``optional``: how many of the first positional arguments may be missing. ``tests``: how many tests
    stand in it, -1 for a list. ``matches``: it takes match type and comparator."""

    name: str
    build: Callable[[Arguments], TestFunction]
    positional: tuple[Value, ...] = ()
    tags: tuple[TagRow, ...] = ()
    optional: int = 0
    tests: int = 0
    matches: bool = False
    extension: str = ""


class CommandRow(NamedTuple):
    """A command; ``block``: one follows it. ``trailing``: how many of the last arguments may be missing."""

    name: str
    build: Callable[[Arguments], Step]
    positional: tuple[Value, ...] = ()
    tags: tuple[TagRow, ...] = ()
    optional: int = 0
    tests: int = 0
    block: bool = False
    matches: bool = False
    extension: str = ""
    trailing: int = 0


class Extension(NamedTuple):
    """One capability name and what it brings; ``tags`` are for tests and commands of others, by their name."""

    name: str
    tests: tuple[TestRow, ...] = ()
    commands: tuple[CommandRow, ...] = ()
    tags: Mapping[str, tuple[TagRow, ...]] = {}
    match_types: tuple[MatchType, ...] = ()
    implies: tuple[str, ...] = ()  # what its require also requires
    for_delivery: bool = False  # of no use where a message is not being delivered (RFC 6785 section 3.11)


class Registry:
    """All rows by name. Rows and tags carry the name of their extension, "" for what needs no require."""

    def __init__(self, extensions: Iterable[Extension]) -> None:
        self.extensions: dict[str, Extension] = {}
        self.tests: dict[str, TestRow] = {}
        self.commands: dict[str, CommandRow] = {}
        self.match_types: dict[str, MatchType] = {}
        added: list[tuple[str, Extension]] = []
        for extension in extensions:
            own = extension.name
            if own:
                self.extensions[own] = extension
            self.tests.update({row.name: _own(row, own) for row in extension.tests})
            self.commands.update({row.name: _own(row, own) for row in extension.commands})
            self.match_types.update({one.name: one._replace(extension=own) for one in extension.match_types})
            added.append((own, extension))
        for own, extension in added:
            for name, tags in extension.tags.items():
                self._add(name, tuple([tag._replace(extension=tag.extension or own) for tag in tags]))

    def for_delivery(self, names: Iterable[str]) -> frozenset[str]:
        """Those of ``names`` that only a letter's delivery can use."""
        return frozenset([name for name in names if self.extensions[name].for_delivery])

    def _add(self, name: str, tags: tuple[TagRow, ...]) -> None:
        if name in self.tests:
            self.tests[name] = self.tests[name]._replace(tags=self.tests[name].tags + tags)
        if name in self.commands:
            self.commands[name] = self.commands[name]._replace(tags=self.commands[name].tags + tags)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The names that a script may require, as ManageSieve announces them."""
        return tuple(sorted(self.extensions))


def _own(row: Any, extension: str) -> Any:
    return row._replace(extension=row.extension or extension)
