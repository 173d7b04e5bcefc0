"""The server's side of SMTP and LMTP as a pure machine: octets in, events out.

1. `next_event` yields an event, None (feed more), or raises `CommandError` (one line is refused, go on) or
   `Violation` (reply and close). Anything else is our bug. Cutting the input elsewhere changes only where `DataChunk`
   is cut.
2. The core knows no verbs. Whoever drives it says what comes next: commands (the beginning), one line, a message
   ended by a dot, or a chunk of known length; the last three fall back to commands by themselves.
3. Nothing is read ahead of its meaning: octets behind a command stay unparsed until the next `next_event`.
"""

from __future__ import annotations

from enum import Enum

from shared.protocols.buffer import ReceiveBuffer
from shared.protocols.errors import LineTooLong
from shared.protocols.smtp.errors import CommandError, SmtpError, Violation
from shared.protocols.smtp.events import Command, DataChunk, DataEnd, Event, Line
from shared.protocols.smtp.line_ends import LineEnds
from shared.protocols.smtp.stuffing import Unstuffer

COMMAND_LIMIT = 2_048  # octets of one command line, CRLF included
CHUNK = 65_536  # octets of a message handed out at once, at most
TOO_LONG_LIMIT = 3  # endless command lines until the connection is given up


class Reading(Enum):
    """What the next octets are."""

    COMMAND = "command"
    SKIPPED = "skipped"  # the rest of a line that was too long
    LINE = "line"
    DATA = "data"
    CHUNK = "chunk"
    END = "end"  # nothing: the message is complete


class ServerCore:
    """One connection's input. Feed what arrives, then ask for events until there is None."""

    __slots__ = ("_ahead", "_buffer", "_left", "_limit", "_long_lines", "_reading", "_unstuffer", "line_ends")

    def __init__(self, command_limit: int = COMMAND_LIMIT) -> None:
        self._ahead: Command | SmtpError | None = None
        self._buffer = ReceiveBuffer(strict=True)
        self._limit = command_limit - 2
        self._reading = Reading.COMMAND
        self._left = 0  # octets of the chunk that have not come; the limit while a line is read
        self._long_lines = 0
        self._unstuffer = Unstuffer()
        self.line_ends = LineEnds()

    def feed(self, data: bytes) -> None:
        """What the peer sent next."""
        self._buffer.feed(data)

    @property
    def buffered(self) -> int:
        """Octets received and not understood yet: after DATA or STARTTLS there must be none."""
        return len(self._buffer) + (self._ahead is not None)

    @property
    def overlong(self) -> bool:
        """Whether the message that was just read has a line of more than 65,536 octets."""
        return self._unstuffer.overlong

    def expect_line(self, limit: int) -> None:
        """The next line is an answer, not a command; one of more than ``limit`` octets is refused."""
        self._reading, self._left = Reading.LINE, limit

    def expect_data(self) -> None:
        """A message follows, ended by a line with one dot."""
        self._reading, self._unstuffer = Reading.DATA, Unstuffer()

    def expect_chunk(self, size: int, *, first: bool) -> None:
        """``size`` octets of a message follow; ``first`` if no chunk of this message came before."""
        self._reading, self._left = Reading.CHUNK, size
        if first:
            self.line_ends = LineEnds()

    def clear(self) -> None:
        """Forget what was received, as STARTTLS demands (RFC 3207 section 4.2)."""
        self._buffer.clear()
        self._ahead = None
        self._reading = Reading.COMMAND

    def follows(self, verb: str) -> bool:
        """Whether the next command has arrived already and is ``verb``; to be asked between commands only."""
        if self._ahead is None:
            try:
                self._ahead = self._command()
            except SmtpError as error:
                self._ahead = error
        return isinstance(self._ahead, Command) and self._ahead.verb == verb

    def next_event(self) -> Event | None:
        """See law 1."""
        if self._ahead is not None:
            return self._taken_ahead()
        reading = self._reading
        if reading is Reading.COMMAND:
            return self._command()
        if reading is Reading.DATA:
            return self._data()
        if reading is Reading.CHUNK:
            return self._chunk()
        if reading is Reading.LINE:
            return self._line()
        if reading is Reading.END:
            return self._end()
        if not self._buffer.skip_line():
            return None
        self._reading = Reading.COMMAND
        return self._command()

    def _taken_ahead(self) -> Command | None:
        ahead, self._ahead = self._ahead, None
        if isinstance(ahead, SmtpError):
            raise ahead
        return ahead

    def _command(self) -> Command | None:
        if not len(self._buffer):
            return None
        try:
            line = self._buffer.next_line(self._limit)
        except LineTooLong as error:
            raise self._too_long() from error
        if line is None:
            return None
        verb, _, argument = line.partition(b" ")
        return Command(verb.decode("ascii", "replace").upper(), argument.strip(b" \t"))

    def _too_long(self) -> CommandError | Violation:
        """Refuse the line and skip it, or give up when there were too many."""
        self._reading = Reading.SKIPPED
        self._long_lines += 1
        if self._long_lines >= TOO_LONG_LIMIT:
            return Violation(500, "5.5.2", "command line too long, closing")
        return CommandError(500, "5.5.2", "command line too long")

    def _line(self) -> Line | None:
        try:
            line = self._buffer.next_line(self._left)
        except LineTooLong as error:
            self._reading = Reading.SKIPPED
            raise CommandError(500, "5.5.6", "line too long") from error
        if line is None:
            return None
        self._reading = Reading.COMMAND
        return Line(line)

    def _data(self) -> DataChunk | DataEnd | None:
        """Octets are given out as soon as they are certain; the end comes as an event of its own."""
        while len(self._buffer):
            octets, rest = self._unstuffer.feed(self._buffer.take_upto(CHUNK))
            if rest is not None:
                self._put_back(rest)
                self._reading = Reading.END
            if octets:
                return DataChunk(octets)
            if rest is not None:
                return self._end()
        return None

    def _end(self) -> DataEnd:
        self._reading = Reading.COMMAND
        return DataEnd()

    def _put_back(self, rest: bytes) -> None:
        """Commands that came behind the end of data stand before what is still buffered."""
        if rest:
            behind = self._buffer.take_upto(len(self._buffer))
            self._buffer.feed(rest + behind)

    def _chunk(self) -> DataChunk | DataEnd | None:
        if self._left == 0:
            return self._end()
        octets = self._buffer.take_upto(min(self._left, CHUNK))
        if not octets:
            return None
        self._left -= len(octets)
        self.line_ends.feed(octets)
        return DataChunk(octets)
