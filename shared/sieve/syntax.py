"""What the parser yields: commands and tests with their arguments, nothing of it understood yet."""

from __future__ import annotations

from typing import NamedTuple


class Tag(NamedTuple):
    """``:name``; the name is in lower case."""

    name: str
    at: int


class Number(NamedTuple):
    value: int
    at: int


class Strings(NamedTuple):
    """One string, or a list in brackets."""

    values: tuple[str, ...]
    is_list: bool
    at: int


Argument = Tag | Number | Strings


class Test(NamedTuple):
    """A test with its arguments and the tests in it."""

    name: str
    arguments: tuple[Argument, ...]
    tests: tuple[Test, ...]
    at: int


class Command(NamedTuple):
    """A command; ``block`` is None when it ends in a semicolon."""

    name: str
    arguments: tuple[Argument, ...]
    tests: tuple[Test, ...]
    block: tuple[Command, ...] | None
    at: int
