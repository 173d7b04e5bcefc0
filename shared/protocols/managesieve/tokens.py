"""The words of a line (RFC 5804 section 4): quoted strings, literals and bare words."""

from __future__ import annotations

import re
from typing import TypeAlias

from shared.protocols.managesieve.errors import CommandError

_WORD = re.compile(rb'[^\x00-\x20"(){\\\x7f-\xff]{1,1024}')
_QUOTED = re.compile(rb'"((?:[^"\\\x00]|\\["\\])*)"')
_ESCAPED = re.compile(rb"\\([\"\\])")
_PAIR = re.compile(rb"\\.")
_LITERAL = re.compile(rb"\{(0|[1-9][0-9]{0,9})\+\}\Z")
_MOST = 8  # words in one command; no command has more than three


class Word(str):
    """A bare word: the name of a command, a number."""

    __slots__ = ()


Token: TypeAlias = Word | bytes  # bytes: a string, however it was written


def announced(line: bytes) -> int | None:
    """The size of the literal that ``line`` ends in, or None. Within quotes, be they closed or not, there is none."""
    found = _LITERAL.search(line) if line.endswith(b"}") else None
    if found is None or _PAIR.sub(b"", line).count(b'"') % 2:
        return None
    return int(found[1])


def read(line: bytes, tokens: list[Token]) -> None:
    """Add the words of a line, or of what stands between two literals, to ``tokens``; an announced literal is left
    out. Raises `CommandError`."""
    at = 0
    while at < len(line):
        if line[at : at + 1] == b" " and (tokens or at):
            at += 1
            continue
        if len(tokens) == _MOST:
            raise CommandError("too many arguments")
        found = _QUOTED.match(line, at)
        if found is not None:
            tokens.append(_ESCAPED.sub(rb"\1", found[1]))
        elif _LITERAL.match(line, at):
            return
        else:
            found = _WORD.match(line, at)
            if found is None:
                raise CommandError("cannot be read: a word or a string is expected")
            tokens.append(Word(found[0].decode("ascii")))
        at = found.end()
        if at < len(line) and line[at : at + 1] != b" ":
            raise CommandError("cannot be read: a space is expected")
