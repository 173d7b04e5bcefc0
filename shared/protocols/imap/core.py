"""From octets to IMAP commands, without IO: `ImapCore`.

Invariants:

1. All reading states live here (`_Reading`), and one reader serves each of them.
2. Nothing is read twice: each octet is searched once for its line end, and a command is parsed once, when it
   is complete. (What brings messages is parsed stretch by stretch, as they are announced: see `incoming`.)
3. What a client can make us hold is bounded in every state by `Limits`: a line, the literals of one command, or the
   octets that the session has fed and not yet asked for.
4. However the input is cut, the events are the same, but for the sizes of `LiteralChunk`.

The session feeds what it received and asks for events until `NeedMore`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
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
    MessageStep,
)
from shared.protocols.imap.incoming import NAMES, Incoming
from shared.protocols.imap.syntax.append import ArgumentFollows, Literal, Place, Step

CHUNK = 65536  # octets; the largest LiteralChunk


@dataclass(frozen=True)
class Limits:
    """In octets. A line's limit holds for each stretch between two literals; a whole command, the messages of an
    APPEND not counted, may have twice as many."""

    line_before_login: int = 8 * 1024
    line_after_login: int = 64 * 1024
    literal_before_login: int = 4 * 1024
    literal_after_login: int = 64 * 1024
    append: int = 50 * 1024 * 1024
    append_whole: int = 256 * 1024  # up to here messages come inside their Command, above as chunks


class _Reading(Enum):
    COMMAND = auto()  # a line of a command
    LITERAL = auto()  # a literal that is an argument
    MESSAGE = auto()  # (a part of) the message of an APPEND, to come whole
    OFFERED = auto()  # a large one: the session has to accept or refuse it
    CHUNKS = auto()  # ... accepted
    STRETCH = auto()  # what stands behind a message: often nothing but the line end
    TELLING = auto()  # a stretch that told several things
    DISCARD = auto()  # a literal that is on its way and nobody wants
    DISCARD_END = auto()  # the line behind it
    LINE = auto()  # one bare line, for IDLE and AUTHENTICATE
    DEAD = auto()


class ImapCore:
    """The server's reading half of one IMAP connection."""

    __slots__ = (
        "_after",
        "_buffer",
        "_held",
        "_held_size",
        "_incoming",
        "_limits",
        "_line",
        "_literal",
        "_logged_in",
        "_reading",
        "_remaining",
        "_telling",
        "_then",
        "_waits",
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
        self._held: list[bytes] = []  # the command, or its last stretch, so far; literals in place
        self._held_size = 0
        self._remaining = 0  # octets to come of the literal at hand
        self._waits = False  # whether the client wants leave to send it
        self._incoming: Incoming | None = None
        self._telling: deque[Event] = deque()
        self._then = _Reading.COMMAND  # the state behind TELLING
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

    def log_out(self) -> None:
        """From now on the limits for strangers hold, and nothing is enabled."""
        self._line = self._limits.line_before_login
        self._literal = self._limits.literal_before_login
        self._logged_in = False
        self.utf8 = False

    def clear(self) -> None:
        """Forget all that was fed and not yet told: nothing sent before TLS survives it."""
        self._buffer.clear()
        self._start()

    def expect_line(self) -> None:
        """Read one bare line next (`Line`), whatever it holds: IDLE's DONE, AUTHENTICATE's responses."""
        self._reading = _Reading.LINE

    def accept_literal(self) -> None:
        """Take the offered message: it comes as `LiteralChunk`s, what stands behind it as `MessageStep`s and further
        chunks, and a `LiteralEnd`.

        Where the client waits for it (``synchronising``), the session sends the continuation itself; later ones are
        told as `ContinuationNeeded`.
        """
        self._reading = _Reading.CHUNKS if self._remaining else _Reading.STRETCH

    def give_up(self) -> None:
        """Nothing more of an accepted message is wanted: `LiteralEnd` comes as soon as the client can be stopped."""
        if self._incoming is not None:
            self._incoming.given_up = True

    def refuse_literal(self) -> None:
        """Do without the offered message, if one is: it is read over where the client sends it unasked."""
        if self._reading is not _Reading.OFFERED:
            return
        if self._waits:
            self._start()
        else:
            self._discard(self._remaining, None)

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
        self._reading = _Reading.COMMAND if self._incoming is None else _Reading.STRETCH
        return None

    def _read_message(self) -> Event | None:
        octets = self._buffer.take(self._remaining)
        if octets is None:
            return NEED_MORE
        assert self._incoming is not None
        self._incoming.hold(octets)
        self._reading = _Reading.STRETCH
        return None

    def _read_offered(self) -> Event:
        raise RuntimeError("a message is offered: accept or refuse it first")

    def _read_chunks(self) -> Event | None:
        chunk = self._buffer.take_upto(min(self._remaining, CHUNK))
        if not chunk:
            return NEED_MORE
        self._remaining -= len(chunk)
        if not self._remaining:
            self._reading = _Reading.STRETCH
        return LiteralChunk(chunk)

    def _read_stretch(self) -> Event | None:
        try:
            line = self._buffer.next_line(self._line)
        except LineTooLong:
            return self._die("Line too long")
        if line is None:
            return NEED_MORE
        incoming = self._incoming
        if not line and incoming is not None and incoming.is_whole:  # most commands bring one message
            self._start()
            return Command(incoming.tag, incoming.name, incoming.value())
        return self._take_stretch(line.rstrip(b" "), 0)

    def _read_told(self) -> Event:
        event = self._telling.popleft()
        if not self._telling:
            self._reading = self._then
        if isinstance(event, ContinuationNeeded) and self._incoming is not None and self._incoming.given_up:
            self._start()
            return LITERAL_END
        return event

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
        if head is not None and self._logged_in and (head[3].upper(), head[2] is not None) in NAMES:
            tag, name = head[1].decode("ascii"), head[3].upper().decode("ascii")
            self._incoming = Incoming(tag, name, uid=head[2] is not None)
            return self._take_stretch(line, head.end())
        return self._announce_argument(tag_of(first), line, size, waits)

    def _announce_argument(self, tag: str, line: bytes, size: int, waits: bool) -> Event | None:
        length = len(line) + 2 + size
        if size > self._literal or self._held_size + length > 2 * self._line:
            return self._too_big(BadSyntax(tag, "Literal too large", "TOOBIG"), waits)
        self._held_size += length
        self._held += (line, b"\r\n")
        self._remaining = size
        self._reading = _Reading.LITERAL
        return ContinuationNeeded(size) if waits else None

    # Messages

    def _take_stretch(self, line: bytes, start: int) -> Event | None:
        """Read what stands before the next literal of a message, or before the end of the command."""
        incoming = self._incoming
        assert incoming is not None
        octets = b"".join((*self._held, line)) if self._held else line
        try:
            found = incoming.read(octets, start, 2 * self._line, utf8=self.utf8)
        except ArgumentFollows:
            if incoming.place is Place.COMMAND:
                self._incoming = None  # what is read next is the command from its beginning
            literal = announced(line)
            assert literal is not None
            return self._announce_argument(incoming.tag, line, *literal)
        except ParseError as error:
            return self._reject(line, refusal(incoming.tag, error))
        self._held, self._held_size = [], 0
        if found.literal is not None:
            return self._begin_literal(incoming, found.literal, found.steps)
        self._start()
        if incoming.streamed:
            return self._tell((*map(MessageStep, found.steps), LITERAL_END), _Reading.COMMAND)
        return Command(incoming.tag, incoming.name, incoming.value())

    def _begin_literal(self, incoming: Incoming, literal: Literal, steps: Iterable[Step]) -> Event | None:
        """A literal of a message is announced."""
        if literal.size > self._limits.append:
            return self._too_big(BadSyntax(incoming.tag, "Message too large", "TOOBIG"), waits=literal.synchronising)
        self._remaining, self._waits = literal.size, literal.synchronising
        if incoming.streamed:
            leave = (ContinuationNeeded(literal.size),) if literal.synchronising else ()
            return self._tell(
                (*map(MessageStep, steps), *leave), _Reading.CHUNKS if literal.size else _Reading.STRETCH
            )
        if incoming.size + literal.size > self._limits.append_whole:
            incoming.streamed = True
            self._reading = _Reading.OFFERED
            return Command(incoming.tag, incoming.name, incoming.value(literal))
        self._reading = _Reading.MESSAGE
        return ContinuationNeeded(literal.size) if literal.synchronising else None

    def _tell(self, events: Iterable[Event], then: _Reading) -> Event | None:
        """Tell all of ``events``, then read on in the state ``then``."""
        self._telling.extend(events)
        self._then = then
        self._reading = _Reading.TELLING if self._telling else then
        return None

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
        self._incoming = None
        self._telling.clear()

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
    _Reading.STRETCH: ImapCore._read_stretch,
    _Reading.TELLING: ImapCore._read_told,
    _Reading.DISCARD: ImapCore._read_discard,
    _Reading.DISCARD_END: ImapCore._read_discard_end,
    _Reading.LINE: ImapCore._read_line,
    _Reading.DEAD: ImapCore._read_nothing,
}
