"""A command that brings messages, while it is read: APPEND or REPLACE, stretch by stretch (see `syntax.append`)."""

from __future__ import annotations

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax import replace
from shared.protocols.imap.syntax.append import (
    MAX_PARTS,
    Append,
    Literal,
    Message,
    Place,
    Stretch,
    grown,
    stretch,
    target,
)
from shared.protocols.imap.syntax.replace import Replace
from shared.protocols.imap.tokens import Arguments

NAMES = {(b"APPEND", False), (b"REPLACE", False), (b"REPLACE", True)}
"""Commands that bring messages: name, and whether behind "UID"."""


class Incoming:
    """What is known of the command so far.

    ``size`` counts the octets of messages held in ``messages``. Once the command is ``streamed``, nothing is held any
    more: each stretch is told as it comes. ``given_up``: the session wants no more of it.
    """

    __slots__ = ("_number", "_parts", "_target", "_text", "_uid", "given_up", "messages", "name", "place", "size",
                 "streamed", "tag")  # fmt: skip

    def __init__(self, tag: str, name: str, *, uid: bool) -> None:
        self.tag = tag
        self.name = name
        self.place = Place.COMMAND
        self.messages: tuple[Message, ...] = ()
        self.size = 0
        self.streamed = False
        self.given_up = False
        self._uid = uid
        self._number = SequenceSet(())
        self._target = ""
        self._parts = 0
        self._text = 0  # octets of stretches

    def read(self, octets: bytes, start: int, limit: int, *, utf8: bool) -> Stretch:
        """The stretch that begins at ``octets[start]``. ``limit``: octets that all of them may have.

        Raises `ParseError`, and then nothing has changed.
        """
        arguments = Arguments(octets, start, uid=self._uid, utf8=utf8)
        number, name = self._number, self._target
        if self.place is Place.COMMAND:
            number, name = replace.head(arguments) if self.name == "REPLACE" else (number, target(arguments))
        found = stretch(arguments, Place.MESSAGES if self.place is Place.COMMAND else self.place)
        messages = self.messages
        if not self.streamed:
            messages = grown(messages, found.steps) if messages else found.first
        self._check(found, messages, len(octets), limit)
        self._number, self._target = number, name
        self.place, self.messages = found.place, messages
        return found

    def _check(self, found: Stretch, messages: tuple[Message, ...], octets: int, limit: int) -> None:
        """Raise where the command grows too long."""
        parts = self._parts + len(found.steps) + (found.literal is not None)
        text = self._text + octets
        if parts > MAX_PARTS or text > limit:
            raise ParseError("Too many messages or parts in one command", "LIMIT", "NO")
        if self.name == "REPLACE":
            replace.one((*messages, *(step for step in found.steps if self.streamed and isinstance(step, Message))))
        self._parts, self._text = parts, text

    @property
    def is_whole(self) -> bool:
        """Whether nothing but the end of the line is missing, and all is held."""
        return self.place is Place.MESSAGES and not self.streamed

    def hold(self, octets: bytes) -> None:
        """Add a literal to the last message."""
        flags, date, parts, binary = self.messages[-1]
        self.messages = (*self.messages[:-1], Message(flags, date, (*parts, octets), binary))
        self.size += len(octets)

    def value(self, offered: Literal | None = None) -> Append | Replace:
        """The command as the session is told it."""
        if self.name == "REPLACE":
            return Replace(self._uid, self._number, self._target, self.messages, offered)
        return Append(self._target, self.messages, offered)
