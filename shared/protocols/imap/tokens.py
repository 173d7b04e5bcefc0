"""The terminals of IMAP's grammar (RFC 3501 section 9, RFC 9051 section 9), read from one command.

A command is one run of octets from its tag to its last line end (left off), each literal in place behind its
announcement: ``a1 LOGIN {5}CRLF alice {3}CRLF ...``. `Arguments` walks over it once, from left to right; every
method either moves behind what it read or raises `ParseError`. Parentheses are counted, so that nothing read
from them can nest deeper than `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from shared.mail import charsets
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.sets import STAR, SequenceSet

MAX_DEPTH = 32  # parentheses
MAX_NUMBER = 2**32 - 1
MAX_NUMBER64 = 2**63 - 1

T = TypeVar("T")

_ATOM = re.compile(rb"[!#$&\',-\[^-z|}~+]+")
_ASTRING = re.compile(rb"[!#$&\',-\[\]^-z|}~+]+")
_LIST_MAILBOX = re.compile(rb"[!#$%&\'*,-\[\]^-z|}~+]+")
_QUOTED = re.compile(rb'"([^"\\\r\n\0]*)"')
_ESCAPED = re.compile(rb'"((?:[^"\\\r\n\0]|\\["\\])*)"')
_ESCAPE = re.compile(rb'\\(["\\])')
_LITERAL = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}\r?\n")
_ANNOUNCEMENT = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}\Z")
_NUMBER = re.compile(rb"[0-9]{1,20}")
_ITEM = re.compile(rb"[A-Za-z0-9.]+")
_SET = re.compile(rb"[0-9*][0-9*:,]*")
_FLAG = re.compile(rb"\\?[!#$&\',-\[^-z|}~+]+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}|=")
_OBJECT_ID = re.compile(rb"[A-Za-z0-9_-]{1,255}")


class Arguments:
    """A command's octets and how far they are read."""

    __slots__ = ("_depth", "_line", "_position", "_size", "charset", "uid", "utf8")

    def __init__(self, line: bytes, position: int = 0, *, uid: bool = False, utf8: bool = False) -> None:
        self._line = line
        self._position = position
        self._size = len(line)
        self._depth = 0
        self.uid = uid  # the command came behind "UID"
        self.utf8 = utf8  # quoted strings are UTF-8 (RFC 6855)
        self.charset = "utf-8"  # of `astring_text`, once SEARCH has named another

    # --- structure ---

    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self._position == self._size

    def finish(self) -> None:
        """Raise unless everything has been read."""
        if self._position != self._size:
            raise ParseError("Unexpected text at the end of the command")

    def peek(self) -> bytes:
        """The next octet, b"" at the end."""
        return self._line[self._position : self._position + 1]

    def skip(self, octet: bytes) -> bool:
        """Read one given octet if it comes next."""
        if self._line.startswith(octet, self._position):
            self._position += 1
            return True
        return False

    def skip_text(self, text: bytes) -> bool:
        """Read given octets (in upper case) if they come next, in any case."""
        if self._line.startswith(b"{", self._position):  # no word begins so, and this comes before most literals
            return False
        end = self._position + len(text)
        if self._line[self._position : end].upper() != text:
            return False
        self._position = end
        return True

    def space(self) -> None:
        """SP. Clients have been seen to send two; more than one is taken as one."""
        line = self._line
        position = self._position
        if not line.startswith(b" ", position):
            raise ParseError("Space expected" if position < self._size else "Argument missing")
        position += 1
        while line.startswith(b" ", position):
            position += 1
        self._position = position

    def expect(self, octet: bytes) -> None:
        """One given octet."""
        if not self.skip(octet):
            raise ParseError(f"{octet.decode()} expected")

    def open(self) -> None:
        """An opening parenthesis, and surplus spaces behind it."""
        line = self._line
        if not line.startswith(b"(", self._position):
            raise ParseError("( expected")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ParseError("Parentheses nested too deep")
        self._position += 1
        while line.startswith(b" ", self._position):
            self._position += 1

    def closes(self) -> bool:
        """Whether a closing parenthesis comes next; surplus spaces before it are read over."""
        line = self._line
        position = self._position
        while line.startswith(b" ", position):
            position += 1
        if not line.startswith(b")", position):
            return False
        self._position = position
        return True

    def close(self) -> None:
        """A closing parenthesis."""
        if not self._line.startswith(b")", self._position):
            raise ParseError(") expected")
        self._depth -= 1
        self._position += 1

    def leave(self) -> None:
        """Note that a closing parenthesis was read by `skip`."""
        self._depth -= 1

    def items(self, read: Callable[[Arguments], T]) -> tuple[T, ...]:
        """A parenthesised list, perhaps empty, of what ``read`` reads."""
        self.open()
        found: list[T] = []
        while not self.closes():
            if found:
                self.space()
            found.append(read(self))
        self.close()
        return tuple(found)

    def skip_word(self, word: bytes) -> bool:
        """Read one given atom (in upper case) if it comes next, in any case."""
        found = _ATOM.match(self._line, self._position)
        if found is None or found[0].upper() != word:
            return False
        self._position = found.end()
        return True

    def rest(self) -> bytes:
        """All that has not been read, now read."""
        octets = self._line[self._position :]
        self._position = self._size
        return octets

    # --- atoms and numbers ---

    def _match(self, pattern: re.Pattern[bytes], expected: str) -> bytes:
        found = pattern.match(self._line, self._position)
        if found is None:
            raise ParseError(f"{expected} expected")
        self._position = found.end()
        return found[0]

    def atom(self) -> bytes:
        """``atom``."""
        return self._match(_ATOM, "Atom")

    def keyword(self) -> str:
        """An atom as an upper-case name."""
        return self._match(_ATOM, "Name").upper().decode("ascii")

    def item(self) -> str:
        """The name of a FETCH item or section, in upper case: ends before "[" and "]"."""
        return self._match(_ITEM, "Item").upper().decode("ascii")

    def nil(self) -> None:
        """NIL."""
        if self.keyword() != "NIL":
            raise ParseError("NIL expected")

    def base64(self) -> bytes:
        """``base64`` or "=", not decoded."""
        return self._match(_BASE64, "Base64")

    def object_id(self) -> bytes:
        """``objectid`` (RFC 8474 section 7)."""
        return self._match(_OBJECT_ID, "Object id")

    def number(self) -> int:
        """``number``: below 2^32."""
        return self._integer(MAX_NUMBER)

    def number64(self) -> int:
        """``number64`` and ``mod-sequence-valzer``: below 2^63 (RFC 9051, RFC 7162)."""
        return self._integer(MAX_NUMBER64)

    def _integer(self, maximum: int) -> int:
        value = int(self._match(_NUMBER, "Number"))
        if value > maximum:
            raise ParseError("Number too large")
        return value

    def sequence_set(self) -> SequenceSet:
        """``sequence-set``, or "$" (RFC 5182)."""
        if self.skip(b"$"):
            return SequenceSet((), saved=True)
        return SequenceSet(tuple(map(_range, self._match(_SET, "Sequence set").split(b","))))

    # --- flags ---

    def flag(self) -> str:
        """``flag``: a keyword, or "\\" and an atom; system flags come spelt as in RFC 3501 section 2.3.2."""
        octets = self._match(_FLAG, "Flag")
        known = _SYSTEM_FLAGS.get(octets)
        if known is not None:
            return known
        name = octets.decode("ascii")
        return _SYSTEM_FLAGS.get(octets.lower(), name)

    def flag_list(self) -> tuple[str, ...]:
        """``flag-list``, each flag once."""
        return tuple(dict.fromkeys(self.items(Arguments.flag)))

    # --- strings ---

    def astring(self) -> bytes:
        """``astring``: an atom that may hold "]", or a string."""
        found = _ASTRING.match(self._line, self._position)
        if found is None:
            return self.string()
        self._position = found.end()
        return found[0]

    def list_mailbox(self) -> bytes:
        """``list-mailbox``: an atom that may hold wildcards too, or a string."""
        found = _LIST_MAILBOX.match(self._line, self._position)
        if found is None:
            return self.string()
        self._position = found.end()
        return found[0]

    def string(self) -> bytes:
        """``string``: quoted or literal. A literal holds no NUL."""
        found = _QUOTED.match(self._line, self._position)
        if found is not None:
            self._position = found.end()
            return self._seven_bit(found[1])
        if self._line.startswith(b'"', self._position):
            return self._seven_bit(_ESCAPE.sub(rb"\1", self._match(_ESCAPED, "Closing quote")[1:-1]))
        return self._literal()

    def _seven_bit(self, octets: bytes) -> bytes:
        if octets.isascii():
            return octets
        if not self.utf8:
            raise ParseError("8-bit characters in a quoted string")
        utf8_text(octets)
        return octets

    def _literal(self) -> bytes:
        found = _LITERAL.match(self._line, self._position)
        if found is None:
            raise ParseError("String expected")
        end = found.end() + int(found[2])
        if end > self._size:
            raise ParseError("Literal cut short")
        octets = self._line[found.end() : end]
        if not found[1] and b"\0" in octets:
            raise ParseError("NUL in a literal")
        self._position = end
        return octets

    def at_announcement(self) -> bool:
        """Whether all that is left is an announced literal."""
        return self._line.startswith((b"{", b"~"), self._position) and bool(
            _ANNOUNCEMENT.match(self._line, self._position)
        )

    def announcement(self) -> tuple[int, bool, bool]:
        """``["~"] "{" number ["+"] "}"`` at the end of the line: octets, whether the client waits (no "+"), and
        whether it is a literal8 (RFC 3516)."""
        found = _ANNOUNCEMENT.match(self._line, self._position)
        if found is None:
            raise ParseError("Literal expected")
        self._position = self._size
        return int(found[2]), not found[3], bool(found[1])

    def string_text(self) -> str:
        """``string``, which must be UTF-8."""
        return utf8_text(self.string())

    def astring_text(self) -> str:
        """``astring``, which must be in the command's character set."""
        octets = self.astring()
        try:
            return charsets.decode_strictly(octets, self.charset)
        except UnicodeError:
            raise ParseError(f"Text is not {self.charset.upper()}") from None


_SYSTEM_FLAGS = {
    spelling: flag
    for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "\\Recent")
    for spelling in (flag.encode(), flag.lower().encode())
}


def utf8_text(octets: bytes) -> str:
    """Octets from a client as text, or `ParseError`."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise ParseError("Text is not UTF-8") from None


def _range(octets: bytes) -> tuple[int, int]:
    low, colon, high = octets.partition(b":")
    first = _set_number(low)
    return (first, _set_number(high)) if colon else (first, first)


def _set_number(octets: bytes) -> int:
    if octets == b"*":
        return STAR
    if not octets.isdigit() or len(octets) > 10:
        raise ParseError("Sequence set malformed")
    value = int(octets)
    if not 0 < value <= MAX_NUMBER:
        raise ParseError("Sequence set malformed")
    return value
