"""Talking with one client: replies gathered into one write, input pumped through the core.

1. Replies leave in one write before we wait for input, so a pipelined group costs one packet (RFC 2920 section 3.2).
2. Every wait has a deadline: a command line must be complete within its time however slowly it drips in, a message
   must keep up a rate, and `until` ends all patience at once. The server's clock looks at `deadline` now and then: a
   timer for each wait would cost as much as the reading.
"""

from __future__ import annotations

from math import inf

import trio

from services.smtp.config import SmtpSettings
from shared.net.shell import Connection, PeerGone
from shared.protocols.smtp.core import ServerCore
from shared.protocols.smtp.errors import Violation
from shared.protocols.smtp.events import Command, DataChunk, Event, Line
from shared.protocols.smtp.replies import Reply

_ANSWER_LIMIT = 12_288  # octets of one answer to an AUTH challenge (RFC 4954 section 4)


class Dialogue:
    """A connection, a core, and what we still have to say."""

    __slots__ = ("_began", "_got", "_out", "_settings", "connection", "core", "deadline", "until")

    def __init__(self, connection: Connection, settings: SmtpSettings) -> None:
        self.connection = connection
        self.core = ServerCore()
        self.until = inf  # trio time at which the client's patience with us ends, whatever it does
        self.deadline = inf  # trio time by which what we wait for must be there
        self._settings = settings
        self._out = bytearray()
        self._began = 0.0  # of the message that is coming in
        self._got = 0  # octets of it

    def say(self, reply: Reply) -> None:
        """Put a reply behind those that wait to be sent."""
        self._out += reply.render()

    async def flush(self) -> None:
        """Send what there is to say. Raises `PeerGone`, `PeerTimeout`."""
        if self._out:
            out, self._out = self._out, bytearray()
            await self.connection.send(out)

    async def command(self) -> Command:
        """The next command. Raises `SmtpError`, `PeerGone`, `PeerTimeout`."""
        event = self.core.next_event()
        if event is None:
            event = await self._later(self._settings.command_timeout)
        if not isinstance(event, Command):
            raise TypeError(f"a command expected, not {event!r}")
        return event

    async def ask(self, question: Reply) -> bytes:
        """Say a 334 and wait for the answer's line."""
        self.say(question)
        self.core.expect_line(_ANSWER_LIMIT)
        event = self.core.next_event() or await self._later(self._settings.command_timeout)
        if not isinstance(event, Line):
            raise TypeError(f"a line expected, not {event!r}")
        return event.octets

    async def _later(self, timeout: float) -> Event:
        """Receive until there is an event, but no longer than ``timeout`` in all."""
        await self.flush()
        self.deadline = min(trio.current_time() + timeout, self.until)
        try:
            while True:
                await self._receive()
                event = self.core.next_event()
                if event is not None:
                    return event
        finally:
            self.deadline = inf

    async def _receive(self) -> int:
        data = await self.connection.receive(inf)
        if not data:
            raise PeerGone("closed by the client")
        self.core.feed(data)
        return len(data)

    # --- messages ---

    def message_begins(self) -> None:
        """The clock of the minimum rate starts."""
        self._began, self._got = trio.current_time(), 0

    async def chunk(self) -> bytes | None:
        """The next octets of the message, None at its end. Raises `Violation`, `PeerGone`, `PeerTimeout`."""
        while True:
            event = self.core.next_event()
            if event is not None:
                return event.octets if isinstance(event, DataChunk) else None
            await self.flush()
            self.deadline = self._patience()
            try:
                self._got += await self._receive()
            finally:
                self.deadline = inf

    def _patience(self) -> float:
        """When the next octets must be there for the message to have kept up its rate."""
        settings = self._settings
        owed = self._began + settings.data_grace + self._got / settings.data_rate
        return min(trio.current_time() + settings.data_timeout, owed)

    # --- the moments at which nothing may have been sent ahead ---

    def forbid_ahead(self, verb: str) -> None:
        """Raise `Violation` if the client did not wait for our reply to ``verb`` (RFC 2920 section 3.1)."""
        if self.core.buffered:
            self.core.clear()
            raise Violation(554, "5.5.0", f"Nothing may be sent ahead of the reply to {verb}")

    async def start_tls(self) -> None:
        """The handshake, after our 220 is out. Raises `PeerGone`, `PeerTimeout`."""
        await self.flush()
        self.core.clear()
        await self.connection.start_tls()
