"""What stands behind a verb: text of printable characters, and ``KEY=VALUE`` parameters (RFC 5321 section 4.1.2)."""

from __future__ import annotations

import re

from shared.protocols.smtp.errors import CommandError, argument_error

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?")


def text(argument: bytes) -> str:
    """The argument as text. Control characters, NUL and broken UTF-8 are refused with 501."""
    try:
        found = argument.decode("utf-8")
    except UnicodeDecodeError as error:
        raise argument_error("argument is not UTF-8") from error
    if not found.isprintable():
        raise argument_error("control character in argument")
    return found


def none(argument: bytes) -> None:
    """For commands that take no argument."""
    if argument:
        raise argument_error("this command takes no argument")


def keyword(argument: bytes, word: str, enhanced: str) -> str:
    """What follows ``FROM:`` or ``TO:``; blanks behind the colon are forgiven, since many clients send one."""
    found = text(argument)
    if found[: len(word)].upper() != word:
        raise argument_error(f"{word}<address> expected", enhanced)
    return found[len(word) :].lstrip(" ")


def parameters(rest: str, known: frozenset[str]) -> dict[str, str | None]:
    """ESMTP parameters by upper-case name. Unknown ones are refused with 555, doubled or malformed ones with 501."""
    if not rest:
        return {}
    if rest[0] != " ":
        raise argument_error("junk after the address")
    found: dict[str, str | None] = {}
    for word in rest.split():
        match = _PARAMETER.fullmatch(word)
        if not match:
            raise argument_error("malformed parameter")
        name = match[1].upper()
        if name not in known:
            raise CommandError(555, "5.5.4", f"parameter {name[:32]} is not supported")
        if name in found:
            raise argument_error(f"parameter {name} given twice")
        found[name] = match[2]
    return found


def value(given: dict[str, str | None], name: str) -> str:
    """The value of a parameter that must have one; empty when the parameter is not there."""
    if name not in given:
        return ""
    found = given[name]
    if found is None:
        raise argument_error(f"{name} wants a value")
    return found


def flag(given: dict[str, str | None], name: str) -> bool:
    """Whether a parameter that takes no value is there."""
    if given.get(name) is not None:
        raise argument_error(f"{name} takes no value")
    return name in given
