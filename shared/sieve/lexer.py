"""Octets of a script to tokens (RFC 5228 section 2 and 8.1), in one pass."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from shared.sieve.errors import Place, SyntaxProblem

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*(?:\n|\Z))*")
_WORD = re.compile(r"(?P<colon>:?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
_NUMBER = re.compile(r"([0-9]{1,20})([KMGkmg]?)")
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TEXT = re.compile(r"text:[ \t]*(?:#[^\n]*)?\r?\n", re.IGNORECASE)
_QUANTIFIERS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_MAX_NUMBER = 2**63 - 1  # RFC 5228 section 2.4.1 asks for 2^31 - 1 at least


class Kind(Enum):
    """Kinds of tokens. The value of a mark is its character."""

    WORD = "word"
    TAG = "tag"
    NUMBER = "number"
    STRING = "string"
    MARK = "mark"
    END = "end"


class Token(NamedTuple):
    """``at`` is the offset of its first character. Words and tags come in lower case, as they know no case."""

    kind: Kind
    text: str
    number: int
    at: int


class Source:
    """The text of a script, and where in it an offset lies."""

    def __init__(self, octets: bytes) -> None:
        try:
            self.text = octets.decode("utf-8")
        except UnicodeDecodeError as error:
            self.text = octets[: error.start].decode("utf-8")
            raise SyntaxProblem("a script is UTF-8", self.place(len(self.text))) from error
        if "\0" in self.text:
            raise SyntaxProblem("a script holds no NUL", self.place(self.text.index("\0")))

    def place(self, at: int) -> Place:
        """Line and column of the character at offset ``at``."""
        starts = self._starts()
        line = bisect_right(starts, at)
        return Place(line, at - starts[line - 1] + 1)

    def _starts(self) -> list[int]:
        found = getattr(self, "_known_starts", None)
        if found is None:
            found = [0, *(match.end() for match in re.finditer("\n", self.text))]
            self._known_starts: list[int] = found
        return found


def tokens(source: Source) -> Iterator[Token]:
    """The tokens of a script, a last one of kind END. Raises `SyntaxProblem`."""
    text, at, size = source.text, 0, len(source.text)
    while True:
        at = _skip(source, at)
        if at >= size:
            yield Token(Kind.END, "", 0, size)
            return
        token, at = _token(source, text, at)
        yield token


def _skip(source: Source, at: int) -> int:
    """The offset behind white space and comments."""
    text = source.text
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        if not text.startswith("/*", at):
            return at
        end = text.find("*/", at + 2)
        if end < 0:
            raise SyntaxProblem("this comment does not end", source.place(at))
        at = end + 2


def _token(source: Source, text: str, at: int) -> tuple[Token, int]:
    character = text[at]
    if character in "(){}[],;":
        return Token(Kind.MARK, character, 0, at), at + 1
    if character == '"':
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise SyntaxProblem("this string does not end", source.place(at))
        return Token(Kind.STRING, _ESCAPED.sub(r"\1", quoted[1]), 0, at), quoted.end()
    if character.isdigit() and (number := _NUMBER.match(text, at)) is not None:
        return _number(source, number, at)
    if (start := _TEXT.match(text, at)) is not None:
        return _multi_line(source, start.end(), at)
    if (word := _WORD.match(text, at)) is not None:
        kind = Kind.TAG if word["colon"] else Kind.WORD
        return Token(kind, word["name"].lower(), 0, at), word.end()
    raise SyntaxProblem(f"unexpected character {character!r}", source.place(at))


def _number(source: Source, number: re.Match[str], at: int) -> tuple[Token, int]:
    value = int(number[1]) * _QUANTIFIERS[number[2].upper()]
    if value > _MAX_NUMBER or source.text[number.end() : number.end() + 1].isalnum():
        raise SyntaxProblem("this is no number, or one too large", source.place(at))
    return Token(Kind.NUMBER, number[0], value, at), number.end()


def _multi_line(source: Source, start: int, at: int) -> tuple[Token, int]:
    """The string of lines up to a lone dot; a line that begins with a dot has lost one (RFC 5228 section 2.4.2)."""
    lines: list[str] = []
    text, size = source.text, len(source.text)
    while start < size:
        end = text.find("\n", start)
        if end < 0:
            end = size
        line = text[start:end].removesuffix("\r")
        start = end + 1
        if line == ".":
            return Token(Kind.STRING, "".join(lines), 0, at), min(start, size)
        lines.append((line[1:] if line.startswith(".") else line) + "\r\n")
    raise SyntaxProblem("this text does not end with a line of one dot", source.place(at))
