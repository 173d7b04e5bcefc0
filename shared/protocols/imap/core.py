"""From octets to IMAP commands, without IO: `ImapCore`.

Invariants:

1. All reading states stand in `reading.Reading`, and one reader serves each of them: here, or in `command_reader`
   where no message is concerned.
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

from shared.protocols.buffer import LineTooLong
from shared.protocols.imap.command_line import HEAD, announced, refusal
from shared.protocols.imap.command_reader import CommandReader
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.events import (
    LITERAL_END,
    NEED_MORE,
    BadSyntax,
    Command,
    ContinuationNeeded,
    Event,
    LiteralChunk,
    MessageStep,
)
from shared.protocols.imap.incoming import NAMES, Incoming
from shared.protocols.imap.reading import CHUNK, DEFAULT, Reading
from shared.protocols.imap.reading import Limits as Limits
from shared.protocols.imap.syntax.append import ArgumentFollows, Literal, Place, Step


class ImapCore(CommandReader):
    """The server's reading half of one IMAP connection: commands, and the messages that some of them bring."""

    __slots__ = ("_incoming", "_telling", "_then", "_waits")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        super().__init__(limits)
        self._waits = False  # whether the client wants leave to send the offered message
        self._incoming: Incoming | None = None
        self._telling: deque[Event] = deque()
        self._then = Reading.COMMAND  # the state behind TELLING

    def feed(self, data: bytes | memoryview) -> None:
        """Take octets from the peer."""
        self._buffer.feed(data)

    def next_event(self) -> Event:
        """What comes next; `NeedMore` when the octets fed so far tell nothing more."""
        try:
            event = self._read_command() if self._reading is Reading.COMMAND else None
            while event is None:
                event = _READERS[self._reading](self)
        except LineTooLong:
            return self._die("Line too long")
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
        self._reading = Reading.LINE

    def accept_literal(self) -> None:
        """Take the offered message: it comes as `LiteralChunk`s, what stands behind it as `MessageStep`s and further
        chunks, and a `LiteralEnd`.

        Where the client waits for it (``synchronising``), the session sends the continuation itself; later ones are
        told as `ContinuationNeeded`.
        """
        self._reading = Reading.CHUNKS if self._remaining else Reading.STRETCH

    def give_up(self) -> None:
        """Nothing more of an accepted message is wanted: `LiteralEnd` comes as soon as the client can be stopped."""
        if self._incoming is not None:
            self._incoming.given_up = True

    def refuse_literal(self) -> None:
        """Do without the offered message, if one is: it is read over where the client sends it unasked."""
        if self._reading is not Reading.OFFERED:
            return
        if self._waits:
            self._start()
        else:
            self._discard(self._remaining, None)

    @property
    def buffered(self) -> int:
        """Octets fed and not yet told."""
        return len(self._buffer)

    # Readers of messages

    def _read_literal(self) -> Event | None:
        event = super()._read_literal()
        if event is None and self._incoming is not None:
            self._reading = Reading.STRETCH  # the argument stands behind a message
        return event

    def _read_message(self) -> Event | None:
        octets = self._buffer.take(self._remaining)
        if octets is None:
            return NEED_MORE
        assert self._incoming is not None
        self._incoming.hold(octets)
        self._reading = Reading.STRETCH
        return None

    def _read_offered(self) -> Event:
        raise RuntimeError("a message is offered: accept or refuse it first")

    def _read_chunks(self) -> Event | None:
        chunk = self._buffer.take_upto(min(self._remaining, CHUNK))
        if not chunk:
            return NEED_MORE
        self._remaining -= len(chunk)
        if not self._remaining:
            self._reading = Reading.STRETCH
        return LiteralChunk(chunk)

    def _read_stretch(self) -> Event | None:
        line = self._buffer.next_line(self._line)
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

    # Stretches

    def _announce(self, line: bytes, size: int, waits: bool) -> Event | None:
        head = HEAD.match(self._held[0] if self._held else line)
        if head is not None and self._logged_in and (head[3].upper(), head[2] is not None) in NAMES:
            tag, name = head[1].decode("ascii"), head[3].upper().decode("ascii")
            self._incoming = Incoming(tag, name, uid=head[2] is not None)
            return self._take_stretch(line, head.end())
        return super()._announce(line, size, waits)

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
            return self._tell((*map(MessageStep, found.steps), LITERAL_END), Reading.COMMAND)
        return Command(incoming.tag, incoming.name, incoming.value())

    def _begin_literal(self, incoming: Incoming, literal: Literal, steps: Iterable[Step]) -> Event | None:
        """A literal of a message is announced."""
        if literal.size > self._limits.append:
            return self._too_big(BadSyntax(incoming.tag, "Message too large", "TOOBIG"), waits=literal.synchronising)
        self._remaining, self._waits = literal.size, literal.synchronising
        if incoming.streamed:
            leave = (ContinuationNeeded(literal.size),) if literal.synchronising else ()
            return self._tell((*map(MessageStep, steps), *leave), Reading.CHUNKS if literal.size else Reading.STRETCH)
        if incoming.size + literal.size > self._limits.append_whole:
            incoming.streamed = True
            self._reading = Reading.OFFERED
            return Command(incoming.tag, incoming.name, incoming.value(literal))
        self._reading = Reading.MESSAGE
        return ContinuationNeeded(literal.size) if literal.synchronising else None

    def _tell(self, events: Iterable[Event], then: Reading) -> Event | None:
        """Tell all of ``events``, then read on in the state ``then``."""
        self._telling.extend(events)
        self._then = then
        self._reading = Reading.TELLING if self._telling else then
        return None

    def _start(self) -> None:
        super()._start()
        self._incoming = None
        self._telling.clear()


_READERS: dict[Reading, Callable[[ImapCore], Event | None]] = {
    Reading.COMMAND: ImapCore._read_command,
    Reading.LITERAL: ImapCore._read_literal,
    Reading.MESSAGE: ImapCore._read_message,
    Reading.OFFERED: ImapCore._read_offered,
    Reading.CHUNKS: ImapCore._read_chunks,
    Reading.STRETCH: ImapCore._read_stretch,
    Reading.TELLING: ImapCore._read_told,
    Reading.DISCARD: ImapCore._read_discard,
    Reading.DISCARD_END: ImapCore._read_discard_end,
    Reading.LINE: ImapCore._read_line,
    Reading.DEAD: ImapCore._read_nothing,
}
