"""The client's side of SMTP as a pure machine: octets in and out, events out.

1. Each command is sent together with the one that will hear its reply: replies come in the order of commands
   (RFC 5321 section 4.1.1), so pipelining needs no state of its own.
2. `next_event` yields an event, None (feed more), or raises `ReplyError`; then the connection is of no more use.
   Cutting the input elsewhere changes nothing.
3. Nothing that was received before the TLS handshake counts after it (RFC 3207 section 4.2).
4. A recipient has one deciding reply: its RCPT's refusal, else that to MAIL, DATA or the end of the message.
5. The envelope of the next transaction may be announced behind the end of a message (RFC 2920 section 3.1). Its
   replies come behind the one that finishes this transaction; who announced one begins it next, or closes. So may
   QUIT, where nothing is to follow.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import Callable

from shared.protocols.smtp.client import envelope as words
from shared.protocols.smtp.client import extensions, wire
from shared.protocols.smtp.client.envelope import Envelope
from shared.protocols.smtp.client.events import (
    Authenticated,
    AuthRefused,
    BodyDue,
    Event,
    Finished,
    Greeted,
    Parted,
    TlsAgreed,
    TlsRefused,
    Unwelcome,
)
from shared.protocols.smtp.client.extensions import NONE, Extensions
from shared.protocols.smtp.client.replies import ReplyError, ReplyReader, ServerReply

Hear = Callable[[ServerReply], Event | None]

_CHALLENGE, _CLOSING = 334, 421


class ClientCore:
    """One connection as a client; ``name`` is what we call ourselves in EHLO."""

    __slots__ = (
        "_ahead", "_announced", "_decided", "_envelope", "_hears", "_last", "_lines", "_mail", "_name", "_octets",
        "_out", "_reader", "closing", "dot_sent", "extensions", "parting",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self._name = name
        self._reader = ReplyReader()
        self._out = bytearray()
        self._hears: deque[Hear] = deque((self._greeting,))
        self._envelope = Envelope("", ())
        self._ahead: Envelope | None = None  # to be announced
        self._announced: Envelope | None = None
        self._last = False  # QUIT is to be announced
        self._octets: bytes | None = None
        self._mail: ServerReply | None = None
        self._decided: list[ServerReply | None] = []
        self._lines = wire.Lines(stuffed=True)
        self.extensions: Extensions = NONE
        self.closing = False  # the server said 421, or we said QUIT
        self.parting = False  # we said QUIT, and the server has not answered it
        self.dot_sent = False  # the end of the message was sent: without its reply nobody knows what became of it

    def feed(self, data: bytes) -> None:
        """What the server sent next."""
        self._reader.feed(data)

    def to_send(self) -> bytes:
        """What is to be sent now; it is handed out once."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def next_event(self) -> Event | None:
        """See law 2."""
        while True:
            reply = self._reader.next_reply()
            if reply is None:
                return None
            self.closing = self.closing or reply.code == _CLOSING
            if not self._hears:
                if reply.code == _CLOSING:
                    return Unwelcome(reply)
                raise ReplyError("a reply to nothing that was said")
            event = self._hears.popleft()(reply)
            if event is not None:
                return event

    def _say(self, line: bytes, hear: Hear) -> None:
        self._out += line + b"\r\n"
        self._hears.append(hear)

    # --- the beginning ---

    def _greeting(self, reply: ServerReply) -> Event | None:
        if reply.code != 220:
            return Unwelcome(reply)
        self._hello()
        return None

    def _hello(self) -> None:
        self._say(f"EHLO {self._name}".encode(), self._heard_ehlo)

    def _heard_ehlo(self, reply: ServerReply) -> Event | None:
        if reply.code == 250:
            self.extensions = extensions.read(reply)
            return Greeted(self.extensions)
        if not reply.permanent:
            return Unwelcome(reply)
        self._say(f"HELO {self._name}".encode(), self._heard_helo)
        return None

    def _heard_helo(self, reply: ServerReply) -> Event:
        if reply.code != 250:
            return Unwelcome(reply)
        self.extensions = NONE
        return Greeted(NONE)

    def start_tls(self) -> None:
        """Ask for TLS (RFC 3207)."""
        self._say(b"STARTTLS", self._heard_starttls)

    def _heard_starttls(self, reply: ServerReply) -> Event:
        if reply.code != 220:
            return TlsRefused(reply)
        if self._reader.buffered:
            raise ReplyError("the server spoke ahead of the TLS handshake")
        return TlsAgreed()

    def tls_started(self) -> None:
        """The handshake is done: all begins anew."""
        self.extensions = NONE
        self._hello()

    def authenticate(self, username: str, password: str) -> None:
        """AUTH PLAIN (RFC 4616) with its initial response; LOGIN where the server offers nothing better."""
        if "PLAIN" in self.extensions.mechanisms:
            secret = b64encode(f"\0{username}\0{password}".encode())
            self._say(b"AUTH PLAIN " + secret, self._heard_auth)
        else:
            self._say_login(b"AUTH LOGIN", (username, password))

    def _say_login(self, line: bytes, rest: tuple[str, ...]) -> None:
        """``line``, and at each challenge the first word of ``rest``, whatever the challenge says."""

        def hear(reply: ServerReply) -> Event | None:
            if reply.code != _CHALLENGE or not rest:
                return self._heard_auth(reply)
            self._say_login(b64encode(rest[0].encode()), rest[1:])
            return None

        self._say(line, hear)

    def _heard_auth(self, reply: ServerReply) -> Event:
        return Authenticated() if reply.code == 235 else AuthRefused(reply)

    def quit(self) -> None:
        """Say goodbye."""
        self.closing = self.parting = True
        self._say(b"QUIT", self._heard_quit)

    def _heard_quit(self, reply: ServerReply) -> Event:
        self.parting = False
        return Parted()

    # --- a transaction ---

    def transact(
        self, envelope: Envelope, octets: bytes | None, ahead: Envelope | None = None, *, last: bool = False
    ) -> None:
        """Begin; ``octets`` is the whole message, or None for one that is to be streamed at `BodyDue`.

        ``ahead`` is announced behind the end of a message that is not streamed; its own must not be, either. Or it is
        the ``last`` one: then QUIT is.
        """
        announced, self._announced, self._ahead = self._announced, None, ahead
        self._last = last
        self._envelope, self._octets = envelope, octets
        self._mail, self.dot_sent = None, False
        self._decided = [None] * len(envelope.recipients)
        if announced is None:
            self._say_envelope(envelope, chunked=self._chunked)
        elif announced is not envelope:
            raise ValueError("another envelope was announced")

    def _say_envelope(self, envelope: Envelope, *, chunked: bool) -> None:
        self._say(words.mail(envelope, self.extensions), self._heard_mail)
        if "PIPELINING" in self.extensions:
            for place in range(len(envelope.recipients)):
                self._say_rcpt(envelope, place)
            if not chunked:
                self._say(b"DATA", self._heard_data)

    def _announce(self) -> None:
        """The end of the message stands in what is sent now: the next envelope, or QUIT, may stand behind it."""
        if "PIPELINING" not in self.extensions:
            return
        if self._ahead is not None:
            self._announced, self._ahead = self._ahead, None
            self._say_envelope(self._announced, chunked="CHUNKING" in self.extensions)
        elif self._last:
            self.quit()

    @property
    def _chunked(self) -> bool:
        """Whether the message goes by BDAT, and nobody looks at its dots (RFC 3030): one chunk if it is at hand."""
        return (self._octets is not None or self._envelope.binary) and "CHUNKING" in self.extensions

    @property
    def decided(self) -> tuple[ServerReply | None, ...]:
        """What is known of each recipient; None where only the message's end decides. For connections that broke."""
        return tuple(self._decided)

    def _say_rcpt(self, envelope: Envelope, place: int) -> None:
        def hear(reply: ServerReply) -> Event | None:
            return self._heard_rcpt(place, reply)

        self._say(words.rcpt(envelope.recipients[place], self.extensions), hear)

    def _heard_mail(self, reply: ServerReply) -> Event | None:
        self._mail = reply
        if not reply.positive:
            self._decide(reply)
        if "PIPELINING" in self.extensions:
            return None
        if not reply.positive:
            return self._finish()
        self._say_rcpt(self._envelope, 0)
        return None

    def _heard_rcpt(self, place: int, reply: ServerReply) -> Event | None:
        if not reply.positive and self._decided[place] is None:
            self._decided[place] = _not_too_many(reply)
        following = place + 1
        if following < len(self._decided):
            if "PIPELINING" not in self.extensions:
                self._say_rcpt(self._envelope, following)
            return None
        return self._envelope_said()

    def _envelope_said(self) -> Event | None:
        """All recipients are heard: on to the message, if anybody wants it. A pipelined DATA is under way already."""
        wanted = None in self._decided
        if self._chunked:
            if wanted and self._octets is None:
                return BodyDue()
            if wanted:
                self._send_chunk(self._octets or b"")
                return None
        elif "PIPELINING" in self.extensions:
            return None
        elif wanted:
            self._say(b"DATA", self._heard_data)
            return None
        return self._abandon()

    def _abandon(self) -> Finished:
        """No message was sent: let the server forget the envelope, if it took one."""
        if self._mail is not None and self._mail.positive:
            self._say(b"RSET", lambda reply: None)
        return self._finish()

    def _send_chunk(self, octets: bytes) -> None:
        octets = octets if self._envelope.binary else wire.whole(octets, stuffed=False)
        self._say(b"BDAT %d LAST" % len(octets), self._heard_end)
        self._out += octets
        self.dot_sent = True
        self._announce()

    def _heard_data(self, reply: ServerReply) -> Event | None:
        if reply.code != 354:
            self._decide(_unexpected(reply) if reply.positive else reply)
            return self._abandon()
        self._lines = wire.Lines(stuffed=True)
        if None not in self._decided:  # it takes a message for nobody (RFC 2920 section 3.1): an empty one
            self._out += b".\r\n"
            self._hears.append(self._heard_end)
            return None
        if self._octets is None:
            return BodyDue()
        self.body(self._octets)
        self.end_body()
        self._announce()
        return None

    def body(self, octets: bytes) -> None:
        """The next octets of the message; fetch them with `to_send` before giving more."""
        if not self._envelope.binary:
            self._out += self._lines.feed(octets)
        elif octets:
            self._say(b"BDAT %d" % len(octets), self._heard_chunk)
            self._out += octets

    def end_body(self) -> None:
        """The message is complete."""
        if self._envelope.binary:
            self._say(b"BDAT 0 LAST", self._heard_end)
        else:
            self._out += self._lines.finish()
            self._hears.append(self._heard_end)
        self.dot_sent = True

    def _heard_chunk(self, reply: ServerReply) -> None:
        if not reply.positive:
            self._decide(reply)

    def _heard_end(self, reply: ServerReply) -> Event:
        self._decide(reply if reply.code == 250 or not reply.positive else _unexpected(reply))
        return self._finish()

    def _decide(self, reply: ServerReply) -> None:
        """``reply`` is for all recipients that had none yet."""
        self._decided = [reply if each is None else each for each in self._decided]

    def _finish(self) -> Finished:
        self._octets = None
        self.dot_sent = False
        return Finished(tuple(each for each in self._decided if each is not None))


def _not_too_many(reply: ServerReply) -> ServerReply:
    """552 to RCPT says "too many recipients" in the words of old servers, and means 452 (RFC 5321 4.5.3.1.10)."""
    if reply.code == 552 and reply.enhanced in ("", "5.5.3"):
        return reply._replace(code=452, enhanced="4.5.3")
    return reply


def _unexpected(reply: ServerReply) -> ServerReply:
    """A reply that has no place here decides nothing: try again later."""
    return ServerReply(451, "4.5.0", (f"unexpected reply: {reply.text}",))
