"""Arguments of commands, checked for number and kind."""

from __future__ import annotations

from collections.abc import Sequence

from shared.protocols.managesieve.errors import CommandError
from shared.protocols.managesieve.tokens import Token, Word


def nothing(arguments: Sequence[Token]) -> None:
    """No argument at all."""
    if arguments:
        raise CommandError("no argument is expected")


def count(arguments: Sequence[Token], fewest: int, most: int | None = None) -> None:
    """So many arguments."""
    if not fewest <= len(arguments) <= (fewest if most is None else most):
        raise CommandError("another number of arguments is expected")


def octets(argument: Token) -> bytes:
    """A string, as it came."""
    if isinstance(argument, Word):
        raise CommandError("a string is expected")
    return argument


def text(argument: Token) -> str:
    """A string in UTF-8."""
    try:
        return octets(argument).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError("the string is not UTF-8") from error


def number(argument: Token) -> int:
    """A 32-bit number without leading zeros."""
    word = argument if isinstance(argument, Word) else ""
    if not word.isdigit() or len(word) > 10 or (word[0] == "0" and word != "0") or int(word) >= 2**32:
        raise CommandError("a number is expected")
    return int(word)
