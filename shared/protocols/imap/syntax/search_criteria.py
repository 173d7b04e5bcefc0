"""From the text of SEARCH criteria to a tree of keys.

Read with a stack of our own instead of recursion, and flattened on the way: a chain of ORs, however written, is one
`Or`, NOT NOT is nothing, and parentheses around one key vanish. So ten thousand ORs are one wide key, and what
remains deep is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from shared.protocols.imap.dates import date_days
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.search_key import (
    MAX_TREE,
    All,
    And,
    Body,
    EmailId,
    Filter,
    Flagged,
    Fuzzy,
    Header,
    Internal,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Or,
    Recent,
    Saved,
    Sent,
    Smaller,
    Text,
    ThreadId,
    Within,
)
from shared.protocols.imap.tokens import Arguments

_NO_UID = 2**32  # above all of them
_SET_STARTS = frozenset({bytes((octet,)) for octet in b"0123456789*$"})


class _Frame:
    """An unfinished key: ``wanted`` keys are still to come; 0 for a list that ends with its parenthesis."""

    __slots__ = ("keys", "kind", "wanted")

    def __init__(self, kind: type[And | Or | Not | Fuzzy], wanted: int) -> None:
        self.kind = kind
        self.wanted = wanted
        self.keys: list[Key] = []

    def add(self, key: Key) -> None:
        if isinstance(key, And | Or) and type(key) is self.kind:
            self.keys.extend(key.keys)
        else:
            self.keys.append(key)

    def key(self) -> Key:
        first = self.keys[0]
        if self.kind is Not:
            return first.key if isinstance(first, Not) else Not(first)
        if self.kind is Fuzzy:
            return Fuzzy(first)
        if len(self.keys) == 1:
            return first
        return Or(tuple(self.keys)) if self.kind is Or else And(tuple(self.keys))


class Criteria:
    """One reading of ``1*(SP search-key)``, behind its first space.

    ``modseq``: a MODSEQ key was met; ``fuzzy``: FUZZY was, or a filter that may hold it.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.modseq = False
        self.fuzzy = False
        self._arguments = arguments
        self._frames = [_Frame(And, 0)]

    def read(self) -> Key:
        """The criteria up to the end of the command."""
        arguments = self._arguments
        while True:
            if not self._opened():
                self._add(self._simple())
                if arguments.at_end():
                    break
                arguments.space()
        if len(self._frames) > 1:
            raise ParseError("Search key missing")
        return self._frames[0].key()

    def _opened(self) -> bool:
        """Read what begins a key of keys, if one comes."""
        arguments = self._arguments
        top = self._frames[-1]
        if arguments.peek() == b"(":
            arguments.open()
            self._push(_Frame(And, 0))
            return True
        if arguments.skip_word(b"NOT"):
            if top.kind is Not:
                self._frames.pop()
            else:
                self._push(_Frame(Not, 1))
        elif arguments.skip_word(b"OR"):
            if top.kind is Or:
                top.wanted += 1
            else:
                self._push(_Frame(Or, 2))
        elif arguments.skip_word(b"FUZZY"):
            self.fuzzy = True
            self._push(_Frame(Fuzzy, 1))
        else:
            return False
        arguments.space()
        return True

    def _push(self, frame: _Frame) -> None:
        if len(self._frames) >= MAX_TREE:
            raise ParseError("Search keys nested too deep")
        self._frames.append(frame)

    def _add(self, key: Key) -> None:
        """Put a finished key where it belongs, and close what it completes."""
        while True:
            top = self._frames[-1]
            top.add(key)
            if top.wanted:
                top.wanted -= 1
                if top.wanted:
                    return
            elif len(self._frames) > 1 and self._arguments.closes():
                self._arguments.close()
            else:
                return
            self._frames.pop()
            key = top.key()

    def _simple(self) -> Key:
        arguments = self._arguments
        if arguments.peek() in _SET_STARTS:
            return Numbers(False, arguments.sequence_set())
        name = arguments.keyword()
        key = _PLAIN.get(name)
        if key is not None:
            return key
        read = _READERS.get(name)
        if read is None:
            raise ParseError("Unknown search key")
        arguments.space()
        self.modseq = self.modseq or name == "MODSEQ"
        self.fuzzy = self.fuzzy or name == "FILTER"
        return read(arguments)


Reader: TypeAlias = Callable[[Arguments], Key]

_SYSTEM = {name.upper(): Flagged(f"\\{name}") for name in ("Answered", "Deleted", "Draft", "Flagged", "Seen")}
_PLAIN: dict[str, Key] = {
    "ALL": All(),
    "SAVEDATESUPPORTED": All(),
    "RECENT": Recent(),
    "OLD": Not(Recent()),
    "NEW": And((Recent(), Not(_SYSTEM["SEEN"]))),
    **_SYSTEM,
    **{f"UN{name}": Not(key) for name, key in _SYSTEM.items()},
}


def _field(name: str) -> Reader:
    return lambda arguments: Header(name, arguments.astring_text())


def _header(arguments: Arguments) -> Key:
    name = arguments.astring_text()
    arguments.space()
    return Header(name, arguments.astring_text())


def _filter(arguments: Arguments) -> Key:
    if arguments.charset.lower() not in ("utf-8", "us-ascii"):
        raise ParseError("Filters are in UTF-8", "BADCHARSET (US-ASCII UTF-8)")
    name = arguments.atom().decode("ascii")
    if "/" in name:
        raise ParseError("No slash in the name of a filter")
    return Filter(name)


def _within(arguments: Arguments, *, younger: bool) -> Key:
    seconds = arguments.number()
    if not seconds:
        raise ParseError("Number above 0 expected")
    return Within(younger, seconds)


def _uid_after(arguments: Arguments) -> Key:
    return Numbers(True, SequenceSet(((_uid(arguments) + 1, _NO_UID),)))


def _uid_before(arguments: Arguments) -> Key:
    uid = _uid(arguments)
    return Numbers(True, SequenceSet(((1, uid - 1),) if uid > 1 else ()))


def _uid(arguments: Arguments) -> int:
    uid = arguments.number()
    if not uid:
        raise ParseError("UID expected")
    return uid


def _modseq(arguments: Arguments) -> Key:
    if arguments.peek() == b'"':  # an entry and its type, which change nothing here (RFC 7162 section 3.1.5)
        arguments.string()
        arguments.space()
        arguments.atom()
        arguments.space()
    return Modseq(arguments.number64())


_READERS: dict[str, Reader] = {
    **{name.upper(): _field(name) for name in ("Bcc", "Cc", "From", "Subject", "To")},
    "HEADER": _header,
    "BODY": lambda arguments: Body(arguments.astring_text()),
    "TEXT": lambda arguments: Text(arguments.astring_text()),
    "KEYWORD": lambda arguments: Flagged(arguments.flag()),
    "UNKEYWORD": lambda arguments: Not(Flagged(arguments.flag())),
    "BEFORE": lambda arguments: Internal("<", date_days(arguments)),
    "ON": lambda arguments: Internal("=", date_days(arguments)),
    "SINCE": lambda arguments: Internal(">=", date_days(arguments)),
    "SENTBEFORE": lambda arguments: Sent("<", date_days(arguments)),
    "SENTON": lambda arguments: Sent("=", date_days(arguments)),
    "SENTSINCE": lambda arguments: Sent(">=", date_days(arguments)),
    "LARGER": lambda arguments: Larger(arguments.number64()),
    "SMALLER": lambda arguments: Smaller(arguments.number64()),
    "UID": lambda arguments: Numbers(True, arguments.sequence_set()),
    "UIDAFTER": _uid_after,
    "UIDBEFORE": _uid_before,
    "MODSEQ": _modseq,
    "FILTER": _filter,
    "OLDER": partial(_within, younger=False),
    "YOUNGER": partial(_within, younger=True),
    "SAVEDBEFORE": lambda arguments: Saved("<", date_days(arguments)),
    "SAVEDON": lambda arguments: Saved("=", date_days(arguments)),
    "SAVEDSINCE": lambda arguments: Saved(">=", date_days(arguments)),
    "EMAILID": lambda arguments: EmailId(arguments.object_id()),
    "THREADID": lambda arguments: ThreadId(arguments.object_id()),
}
