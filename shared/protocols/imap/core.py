"""From octets to IMAP commands, without IO: `ImapCore`.

Invariants:

1. All reading states live here (`_Reading`), and one reader serves each of them.
2. Nothing is read twice: each octet is searched once for its line end, and a command is parsed once, when it
   is complete. (An APPEND is parsed when its message is announced, which is before the message comes.)
3. What a client can make us hold is bounded in every state by `Limits`: a line, the literals of one command, or the
   octets that the session has fed and not yet asked for.
4. However the input is cut, the events are the same, but for the sizes of `LiteralChunk`.

The session feeds what it received and asks for events until `NeedMore`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from shared.protocols.buffer import LineTooLong, ReceiveBuffer
from shared.protocols.imap.command_line import HEAD, announced, read_command, refusal, tag_of
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.events import (
    LITERAL_END,
    NEED_MORE,
    BadSyntax,
    Command,
    ContinuationNeeded,
    Event,
    Fatal,
    Line,
    LiteralChunk,
)
from shared.protocols.imap.syntax import append
from shared.protocols.imap.syntax.append import Append
from shared.protocols.imap.tokens import Arguments

CHUNK = 65536  # octets; the largest LiteralChunk


@dataclass(frozen=True)
class Limits:
    """In octets. A line's limit holds for each stretch between two literals; a whole command, the message of an
    APPEND not counted, may have twice as many."""

    line_before_login: int = 8 * 1024
    line_after_login: int = 64 * 1024
    literal_before_login: int = 4 * 1024
    literal_after_login: int = 64 * 1024
    append: int = 50 * 1024 * 1024
    append_whole: int = 256 * 1024  # up to here a message comes inside its Command, above as chunks


class _Reading(Enum):
    COMMAND = auto()  # a line of a command
    LITERAL = auto()  # a literal that is an argument
    MESSAGE = auto()  # the message of an APPEND, to come whole
    OFFERED = auto()  # a large one: the session has to accept or refuse it
    CHUNKS = auto()  # ... accepted
    MESSAGE_END = auto()  # the line end behind a message
    DISCARD = auto()  # a literal that is on its way and nobody wants
    DISCARD_END = auto()  # the line behind it
    LINE = auto()  # one bare line, for IDLE and AUTHENTICATE
    DEAD = auto()


class ImapCore:
    """The server's reading half of one IMAP connection."""

    __slots__ = (
        "_after",
        "_append",
        "_buffer",
        "_held",
        "_held_size",
        "_limits",
        "_line",
        "_literal",
        "_logged_in",
        "_reading",
        "_remaining",
        "_tag",
        "utf8",
    )

    def __init__(self, limits: Limits = Limits()) -> None:
        self.utf8 = False  # UTF8=ACCEPT was enabled (RFC 6855)
        self._limits = limits
        self._line = limits.line_before_login
        self._literal = limits.literal_before_login
        self._logged_in = False
        self._buffer = ReceiveBuffer()
        self._reading = _Reading.COMMAND
        self._held: list[bytes] = []  # the command so far, literals in place
        self._held_size = 0
        self._remaining = 0  # octets to come of the literal at hand
        self._tag = ""  # of the APPEND at hand
        self._append: Append | None = None
        self._after: Event | None = None  # what to tell when an unwanted command is over; or the last words

    def feed(self, data: bytes | memoryview) -> None:
        """Take octets from the peer."""
        self._buffer.feed(data)

    def next_event(self) -> Event:
        """What comes next; `NeedMore` when the octets fed so far tell nothing more."""
        event = self._read_command() if self._reading is _Reading.COMMAND else None
        while event is None:
            event = _READERS[self._reading](self)
        return event

    def log_in(self) -> None:
        """From now on the limits for those who are logged in hold."""
        self._line = self._limits.line_after_login
        self._literal = self._limits.literal_after_login
        self._logged_in = True

    def clear(self) -> None:
        """Forget all that was fed and not yet told: nothing sent before TLS survives it."""
        self._buffer.clear()
        self._start()

    def expect_line(self) -> None:
        """Read one bare line next (`Line`), whatever it holds: IDLE's DONE, AUTHENTICATE's responses."""
        self._reading = _Reading.LINE

    def accept_literal(self) -> None:
        """Take the offered message: it comes as `LiteralChunk`s and a `LiteralEnd`.

        Where the client waits for it (``synchronising``), the session sends the continuation itself.
        """
        self._reading = _Reading.CHUNKS

    def refuse_literal(self) -> None:
        """Do without the offered message, which is read over if the client sends it unasked."""
        offered = self._append
        if offered is None or offered.synchronising:
            self._start()
        else:
            self._discard(offered.size, None)

    @property
    def buffered(self) -> int:
        """Octets fed and not yet told."""
        return len(self._buffer)

    # Readers: each serves one state. None means that the state changed and reading goes on.

    def _read_command(self) -> Event | None:
        try:
            line = self._buffer.next_line(self._line)
        except LineTooLong:
            return self._die("Line too long")
        if line is None:
            return NEED_MORE
        if line.endswith(b"}") and (literal := announced(line)):
            return self._announce(line, *literal)
        line = line.rstrip(b" ")  # not in the grammar, but clients do it
        if self._held:
            self._held.append(line)
            line = b"".join(self._held)
            self._start()
        return read_command(line, utf8=self.utf8)

    def _read_literal(self) -> Event | None:
        octets = self._buffer.take(self._remaining)
        if octets is None:
            return NEED_MORE
        self._held.append(octets)
        self._reading = _Reading.COMMAND
        return None

    def _read_message(self) -> Event | None:
        octets = self._buffer.take(self._remaining)
        if octets is None:
            return NEED_MORE
        assert self._append is not None
        self._append = self._append._replace(message=octets)
        self._reading = _Reading.MESSAGE_END
        return None

    def _read_offered(self) -> Event:
        raise RuntimeError("a message is offered: accept or refuse it first")

    def _read_chunks(self) -> Event | None:
        chunk = self._buffer.take_upto(min(self._remaining, CHUNK))
        if not chunk:
            return NEED_MORE
        self._remaining -= len(chunk)
        if not self._remaining:
            self._reading = _Reading.MESSAGE_END
        return LiteralChunk(chunk)

    def _read_message_end(self) -> Event | None:
        try:
            line = self._buffer.next_line(self._line)
        except LineTooLong:
            return self._die("Line too long")
        if line is None:
            return NEED_MORE
        value = self._append
        self._start()
        if line:
            return self._reject(line, BadSyntax(self._tag, "One message, then the end of the line expected"))
        assert value is not None
        return LITERAL_END if value.message is None else Command(self._tag, "APPEND", value)

    def _read_discard(self) -> Event | None:
        while self._remaining:
            octets = self._buffer.take_upto(min(self._remaining, CHUNK))
            if not octets:
                return NEED_MORE
            self._remaining -= len(octets)
        self._reading = _Reading.DISCARD_END
        return None

    def _read_discard_end(self) -> Event | None:
        try:
            line = self._buffer.next_line(self._line)
        except LineTooLong:
            return self._die("Line too long")
        if line is None:
            return NEED_MORE
        return self._reject(line, self._after)

    def _read_line(self) -> Event | None:
        try:
            line = self._buffer.next_line(self._line)
        except LineTooLong:
            return self._die("Line too long")
        if line is None:
            return NEED_MORE
        self._reading = _Reading.COMMAND
        return Line(line)

    def _read_nothing(self) -> Event | None:
        return self._after

    # Literals

    def _announce(self, line: bytes, size: int, waits: bool) -> Event | None:
        first = self._held[0] if self._held else line
        head = HEAD.match(first)
        if head is not None and self._logged_in and head[2] is None and head[3].upper() == b"APPEND":
            is_mailbox = not self._held and line.rfind(b"{") == head.end() + 1
            if not is_mailbox:
                return self._announce_message(head, line, waits)
        length = len(line) + 2 + size
        if size > self._literal or self._held_size + length > 2 * self._line:
            return self._too_big(BadSyntax(tag_of(first), "Literal too large", "TOOBIG"), waits)
        self._held_size += length
        self._held += (line, b"\r\n")
        self._remaining = size
        self._reading = _Reading.LITERAL
        return ContinuationNeeded(size) if waits else None

    def _announce_message(self, head: re.Match[bytes], line: bytes, waits: bool) -> Event | None:
        tag = head[1].decode("ascii")
        try:
            value = append.parse(Arguments(b"".join((*self._held, line)), head.end(), utf8=self.utf8))
        except ParseError as error:
            return self._reject(line, refusal(tag, error))
        if value.size > self._limits.append:
            return self._too_big(BadSyntax(tag, "Message too large", "TOOBIG"), waits)
        self._start()
        self._tag = tag
        self._append = value
        self._remaining = value.size
        if value.size > self._limits.append_whole:
            self._reading = _Reading.OFFERED
            return Command(tag, "APPEND", value)
        self._reading = _Reading.MESSAGE
        return ContinuationNeeded(value.size) if waits else None

    def _too_big(self, event: BadSyntax, waits: bool) -> Event:
        if not waits:
            return self._die(event.text)
        self._start()
        return event

    def _reject(self, line: bytes, event: Event | None) -> Event | None:
        """End a command that is wrong in ``line``, behind which the client may send literals unasked."""
        literal = announced(line)
        if literal is None or literal[1]:
            self._start()
            return event
        if literal[0] > self._limits.append:
            return self._die("Literal too large")
        self._discard(literal[0], event)
        return None

    def _discard(self, size: int, after: Event | None) -> None:
        self._start()
        self._reading = _Reading.DISCARD
        self._remaining = size
        self._after = after

    def _start(self) -> None:
        self._reading = _Reading.COMMAND
        self._held = []
        self._held_size = 0
        self._append = None

    def _die(self, text: str) -> Fatal:
        self._start()
        self._buffer.clear()
        self._reading = _Reading.DEAD
        self._after = Fatal(text)
        return self._after


_READERS: dict[_Reading, Callable[[ImapCore], Event | None]] = {
    _Reading.COMMAND: ImapCore._read_command,
    _Reading.LITERAL: ImapCore._read_literal,
    _Reading.MESSAGE: ImapCore._read_message,
    _Reading.OFFERED: ImapCore._read_offered,
    _Reading.CHUNKS: ImapCore._read_chunks,
    _Reading.MESSAGE_END: ImapCore._read_message_end,
    _Reading.DISCARD: ImapCore._read_discard,
    _Reading.DISCARD_END: ImapCore._read_discard_end,
    _Reading.LINE: ImapCore._read_line,
    _Reading.DEAD: ImapCore._read_nothing,
}
