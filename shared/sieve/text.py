"""Strings of a script: constant, or with variables in them (RFC 5229 section 3), and encoded characters (RFC 5228
section 2.4.2.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.sieve.run import Run

_VARIABLE = re.compile(r"\$\{((?:[A-Za-z_][A-Za-z0-9_]*\.)*[A-Za-z_][A-Za-z0-9_]*|[0-9]{1,9})\}")
_ENCODED = re.compile(r"\$\{(hex|unicode):([0-9A-Fa-f \t\r\n]*)\}", re.IGNORECASE)
_GLOBAL = "global."


class Template:
    """A string whose variables are filled in at each use; cut at the limit of a variable's length."""

    def __init__(self, source: str, pieces: Sequence[str], names: Sequence[str]) -> None:
        self.source = source  # as it stands in the script
        self._pieces = tuple(pieces)  # one more than names
        self._names = tuple(names)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables in it, in lower case."""
        return self._names

    def expand(self, run: Run) -> str:
        """The string as it is now."""
        out = [self._pieces[0]]
        for name, piece in zip(self._names, self._pieces[1:], strict=True):
            out.append(lookup(run, name))
            out.append(piece)
        run.spend(sum(map(len, out)))
        return "".join(out)


Text = str | Template
Texts = tuple[Text, ...]


def lookup(run: Run, name: str) -> str:
    """A variable's value, by its name in lower case or a match variable's number; "" where there is none."""
    if name.isdigit():
        index = int(name)
        return run.matched[index] if index < len(run.matched) else ""
    if name.startswith(_GLOBAL):
        return run.shared_variables.get(name[len(_GLOBAL) :], "")
    if name in run.shared_names:
        return run.shared_variables.get(name, "")
    return run.variables.get(name, "")


def resolve(text: Text, run: Run) -> str:
    """The string of a text."""
    return text if isinstance(text, str) else text.expand(run)


def source(text: Text | None) -> str:
    """The string of a text before variables are filled in; "" for none."""
    return text.source if isinstance(text, Template) else text or ""


def resolve_all(texts: Texts, run: Run) -> list[str]:
    """The strings of several texts."""
    return [text if isinstance(text, str) else text.expand(run) for text in texts]


def constants(texts: Texts) -> tuple[str, ...] | None:
    """The strings, when none has a variable in it."""
    found = tuple([text for text in texts if isinstance(text, str)])
    return found if len(found) == len(texts) else None


def template(string: str) -> Text:
    """A string in which variables count."""
    if "${" not in string:
        return string
    pieces, names, at = [], [], 0
    for match in _VARIABLE.finditer(string):
        pieces.append(string[at : match.start()])
        names.append(match[1].lower())
        at = match.end()
    return Template(string, [*pieces, string[at:]], names) if names else string


class BadCharacter(ValueError):
    """An encoded character that is none."""


def decode_encoded(string: str) -> str:
    """``string`` with ``${hex: 40}`` and ``${unicode: 40}`` replaced. Raises `BadCharacter` outside of Unicode."""
    if "${" not in string:
        return string
    return _ENCODED.sub(_decode, string)


def _decode(match: re.Match[str]) -> str:
    words = match[2].split()
    if not words:
        return match[0]
    if match[1].lower() == "hex":
        if any(len(word) > 2 for word in words):
            return match[0]
        return bytes(int(word, 16) for word in words).decode("utf-8", "replace")
    if any(len(word) > 6 for word in words):
        return match[0]
    codes = [int(word, 16) for word in words]
    if any(code > 0x10FFFF or 0xD800 <= code <= 0xDFFF for code in codes):
        raise BadCharacter("no Unicode character has this number")
    return "".join(map(chr, codes))
