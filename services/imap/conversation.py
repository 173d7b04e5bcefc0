"""One client's stream: what it says as events, what it is told as octets.

Invariants:

1. What is gathered for the client is sent before we wait for it, so pipelined commands are answered in few writes.
2. Nothing is read while the client does not take what was sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import inf

import trio

from services.imap.errors import Bye
from services.imap.notifier import Bell
from services.imap.output import Output
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.protocols.deflate import BrokenStream, Deflater, Inflater
from shared.protocols.imap import responses
from shared.protocols.imap.core import ImapCore, Limits
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.events import (
    NEED_MORE,
    BadSyntax,
    ContinuationNeeded,
    Event,
    Fatal,
    Line,
    LiteralChunk,
    LiteralEnd,
    MessageStep,
)
from shared.protocols.imap.syntax.append import Step

STILL_HERE = responses.untagged("OK", "Still here")
_GO_AHEAD = responses.continuation("OK")


class Conversation:
    """Reads and writes for one session. Every waiting method raises `PeerGone` and `PeerTimeout`."""

    __slots__ = ("_alive_until", "_inflater", "_quiet_since", "_sign_seconds", "bell", "connection", "core", "out",
                 "received", "sign_at", "tag", "tally", "waiting_since")  # fmt: skip

    def __init__(self, connection: Connection, limits: Limits, sign_seconds: float) -> None:
        self.connection = connection
        self.core = ImapCore(limits)
        self.out = Output(connection)
        self.bell = Bell()
        self.received = 0  # octets as they came, for the log
        self._inflater: Inflater | None = None
        self._sign_seconds = sign_seconds
        self.sign_at = 0.0  # trio clock: when a command that is still at work shows it
        self.tag = ""  # of the command in hand
        self.waiting_since = 0.0  # trio clock, while the next command is awaited; else 0
        self._alive_until = 0.0  # trio clock: then a client that waits for news is shown a sign of life
        self._quiet_since = 0.0  # trio clock: since then nothing was heard, whatever was told
        self.tally: dict[str, int] = {}  # what was done how often, for the log

    def begin(self, tag: str) -> None:
        """A command is in hand."""
        self.tag = tag
        self.sign_at = trio.current_time() + self._sign_seconds

    async def progress(self, done: int, goal: int) -> None:
        """Say how far a command is that takes long (RFC 9585), now and then."""
        now = trio.current_time()
        if now >= self.sign_at:
            self.sign_at = now + self._sign_seconds
            self.out.write(responses.untagged("OK", "Still at it", responses.in_progress_code(self.tag, done, goal)))
            await self.out.flush()

    def count(self, what: str, number: int) -> None:
        """Note for the session's log line that something was done."""
        self.tally[what] = self.tally.get(what, 0) + number

    async def event(self) -> Event:
        """What the client says next, however long it takes: who looks after sessions sees `waiting_since`.

        The wait may be cancelled without loss while `waiting_since` is not 0.
        """
        while True:
            event = self.core.next_event()
            if event is NEED_MORE:
                if self._inflater is not None and self._draw(self._inflater):
                    continue
                await self.out.flush()
                self.waiting_since = trio.current_time()
                data = await self.connection.receive(inf)
                self.waiting_since = 0.0
                self._feed(data)
            elif type(event) is ContinuationNeeded:
                self.out.write(_GO_AHEAD)
            else:
                return event

    async def event_or_bell(self, keepalive: float) -> Event | None:
        """Likewise, but None as soon as the bell rings; every ``keepalive`` seconds a sign of life, for the NATs."""
        while True:
            event = self.core.next_event()
            if event is NEED_MORE:
                if self._inflater is not None and self._draw(self._inflater):
                    continue
                await self.out.flush()
                now = trio.current_time()
                self.waiting_since = self._quiet_since = self._quiet_since or now
                self._alive_until = self._alive_until or now + keepalive
                try:
                    data = await self.bell.wait_for(self.connection.receive, max(0.0, self._alive_until - now))
                except PeerTimeout:
                    self.out.write(STILL_HERE)
                    self._alive_until = 0.0
                    continue
                finally:
                    self.waiting_since = 0.0
                if data is None:
                    return None
                self._quiet_since = self._alive_until = 0.0
                self._feed(data)
            elif type(event) is ContinuationNeeded:
                self.out.write(_GO_AHEAD)
            else:
                return event

    async def line(self, timeout: float) -> bytes | None:
        """One bare line, or None when the bell rang. To be asked again until the line is there."""
        self.core.expect_line()
        while (event := self.core.next_event()) is NEED_MORE:
            if self._inflater is not None and self._draw(self._inflater):
                continue
            await self.out.flush()
            data = await self.bell.wait_for(self.connection.receive, timeout)
            if data is None:
                return None
            self._feed(data)
        if isinstance(event, Line):
            return event.octets
        raise Bye(event.text if isinstance(event, Fatal) else "Line expected")

    async def message(self, timeout: float) -> AsyncIterator[bytes | Step]:
        """What was offered, piece by piece: octets of a message, and what stands between them.

        Must be read to its end. Raises `ParseError` for what cannot be read.
        """
        self.core.accept_literal()
        while True:
            event = self.core.next_event()
            if event is NEED_MORE:
                if self._inflater is not None and self._draw(self._inflater):
                    continue
                await self.out.flush()
                self._feed(await self.connection.receive(timeout))
            elif isinstance(event, LiteralChunk):
                yield event.octets
            elif isinstance(event, MessageStep):
                yield event.step
            elif isinstance(event, ContinuationNeeded):
                self.out.write(_GO_AHEAD)
            elif isinstance(event, LiteralEnd):
                return
            elif isinstance(event, BadSyntax):
                raise ParseError(event.text, event.code, event.status)
            else:
                raise Bye(event.text if isinstance(event, Fatal) else "Message expected")

    async def start_tls(self) -> None:
        """Begin TLS; nothing that came before it is ever looked at."""
        await self.out.flush()
        self.core.clear()
        await self.connection.start_tls()

    def _feed(self, data: bytes) -> None:
        if not data:
            raise PeerGone("closed by the client")
        self.received += len(data)
        if self._inflater is None:
            self.core.feed(data)
        else:
            self._inflater.feed(data)
            self._draw(self._inflater)

    # --- COMPRESS ---

    @property
    def compressed(self) -> bool:
        """Whether both directions are under DEFLATE (RFC 4978)."""
        return self._inflater is not None

    async def compress(self) -> None:
        """Begin: all that is sent and received from here on is DEFLATE."""
        await self.out.flush()
        if self.core.buffered:
            raise Bye("Nothing may follow COMPRESS before its answer")
        self._inflater = Inflater()
        self.out.compress(Deflater())

    async def decompress(self) -> None:
        """End it, if it was begun (RFC 8437 section 4.1)."""
        await self.out.flush()
        if self._inflater is not None:
            rest, self._inflater = self._inflater.rest, None
            self.out.compress(None)
            self.core.feed(rest)

    def _draw(self, inflater: Inflater) -> bool:
        """Let the core have a little more of what has come; whether there was any."""
        try:
            octets = inflater.more()
        except BrokenStream as error:
            raise Bye("This is not DEFLATE") from error
        if octets:
            self.core.feed(octets)
        return bool(octets)
