"""From octets to commands whose literals are arguments: the half of `ImapCore` that knows nothing of messages.

What it keeps of `core`'s invariants is written there.
"""

from __future__ import annotations

from shared.protocols.buffer import ReceiveBuffer
from shared.protocols.imap.command_line import announced, read_command, tag_of
from shared.protocols.imap.events import NEED_MORE, BadSyntax, ContinuationNeeded, Event, Fatal, Line
from shared.protocols.imap.reading import CHUNK, Limits, Reading


class CommandReader:
    """Reads lines, literals within limits, and over what nobody wants."""

    __slots__ = (
        "_after",
        "_buffer",
        "_held",
        "_held_size",
        "_limits",
        "_line",
        "_literal",
        "_logged_in",
        "_reading",
        "_remaining",
        "utf8",
    )

    def __init__(self, limits: Limits) -> None:
        self.utf8 = False  # UTF8=ACCEPT was enabled (RFC 6855)
        self._limits = limits
        self._line = limits.line_before_login
        self._literal = limits.literal_before_login
        self._logged_in = False
        self._buffer = ReceiveBuffer()
        self._reading = Reading.COMMAND
        self._held: list[bytes] = []  # the command, or its last stretch, so far; literals in place
        self._held_size = 0
        self._remaining = 0  # octets to come of the literal at hand
        self._after: Event | None = None  # what to tell when an unwanted command is over; or the last words

    # Readers: each serves one state. None means that the state changed and reading goes on.

    def _read_command(self) -> Event | None:
        line = self._buffer.next_line(self._line)
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
        self._reading = Reading.COMMAND
        return None

    def _read_discard(self) -> Event | None:
        while self._remaining:
            octets = self._buffer.take_upto(min(self._remaining, CHUNK))
            if not octets:
                return NEED_MORE
            self._remaining -= len(octets)
        self._reading = Reading.DISCARD_END
        return None

    def _read_discard_end(self) -> Event | None:
        line = self._buffer.next_line(self._line)
        if line is None:
            return NEED_MORE
        return self._reject(line, self._after)

    def _read_line(self) -> Event | None:
        line = self._buffer.next_line(self._line)
        if line is None:
            return NEED_MORE
        self._reading = Reading.COMMAND
        return Line(line)

    def _read_nothing(self) -> Event | None:
        return self._after

    # Literals

    def _announce(self, line: bytes, size: int, waits: bool) -> Event | None:
        """A line ends with a literal."""
        return self._announce_argument(tag_of(self._held[0] if self._held else line), line, size, waits)

    def _announce_argument(self, tag: str, line: bytes, size: int, waits: bool) -> Event | None:
        length = len(line) + 2 + size
        if size > self._literal or self._held_size + length > 2 * self._line:
            return self._too_big(BadSyntax(tag, "Literal too large", "TOOBIG"), waits)
        self._held_size += length
        self._held += (line, b"\r\n")
        self._remaining = size
        self._reading = Reading.LITERAL
        return ContinuationNeeded(size) if waits else None

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
        self._reading = Reading.DISCARD
        self._remaining = size
        self._after = after

    def _start(self) -> None:
        """Begin with a new command."""
        self._reading = Reading.COMMAND
        self._held = []
        self._held_size = 0

    def _die(self, text: str) -> Fatal:
        self._start()
        self._buffer.clear()
        self._reading = Reading.DEAD
        self._after = Fatal(text)
        return self._after
