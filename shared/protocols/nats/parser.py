"""From octets to NATS frames.

Two laws. Feeding the stream whole, split anywhere or octet by octet yields the same frames. Whatever is fed, the
outcome is frames, need-more, or `NatsError`; after an error the parser is of no further use.

Nothing is scanned twice: while a line is incomplete the parser remembers how far it looked, and once the line of a
message is known it knows how many octets to wait for.
"""

from __future__ import annotations

import json

from shared.protocols.errors import ProtocolError
from shared.protocols.nats.frames import Frame, Info, Message, Ok, Ping, Pong, ServerError

MAX_LINE = 64 * 1024  # octets; INFO of a large cluster is the longest
MAX_MESSAGE = 8 * 1024 * 1024  # octets; servers allow 1 MB unless told otherwise

_PING = Ping()
_PONG = Pong()
_OK = Ok()


class NatsError(ProtocolError):
    """The peer does not speak NATS."""


class Parser:
    """The client's reader. ``feed`` returns the frames that are complete by now."""

    def __init__(self, max_message: int = MAX_MESSAGE) -> None:
        self._max_message = max_message
        self._tail = bytearray()  # an unfinished frame
        self._needed = 0  # octets of the unfinished frame, 0 while its line has no end
        self._searched = 0  # octets of the unfinished line known to hold no line end

    def feed(self, data: bytes) -> list[Frame]:
        if self._tail:
            self._tail += data
            if not self._ready():
                return []
            data = bytes(self._tail)
            self._tail.clear()
        frames: list[Frame] = []
        rest = self._parse(data, frames)
        if rest < len(data):
            self._tail += memoryview(data)[rest:]
        return frames

    def _ready(self) -> bool:
        """Whether the tail holds what the unfinished frame waits for."""
        if self._needed:
            return len(self._tail) >= self._needed
        if self._tail.find(b"\n", self._searched) >= 0:
            return True
        self._searched = len(self._tail)
        if self._searched > MAX_LINE:
            raise NatsError("line too long")
        return False

    def _parse(self, data: bytes, frames: list[Frame]) -> int:
        """Append all whole frames of ``data``; return where the unfinished one begins."""
        start = 0
        total = len(data)
        self._needed = self._searched = 0
        while start < total:
            end = data.find(b"\n", start)
            if end < 0:
                self._searched = total - start
                if self._searched > MAX_LINE:
                    raise NatsError("line too long")
                break
            if data[start] in b"MHmh":
                stop = self._message(data, start, end, frames)
                if stop > total:
                    self._needed = stop - start
                    break
                start = stop
            else:
                frames.append(_control(data[start:end].strip()))
                start = end + 1
        return start

    def _message(self, data: bytes, start: int, end: int, frames: list[Frame]) -> int:
        """Parse the message whose line is ``data[start:end]``; return where it stops, perhaps beyond ``data``."""
        words = data[start:end].split()
        fixed = 4 if words[0] == b"MSG" else _words_of(words[0])
        count = len(words)
        if not fixed <= count <= fixed + 1:
            raise NatsError("bad message line")
        size = _number(words[-1])
        header_size = _number(words[-2]) if fixed == 5 else 0
        if not header_size <= size <= self._max_message:
            raise NatsError("bad message size")
        body = end + 1
        stop = body + size
        if stop + 2 > len(data):
            return stop + 2
        if data[stop : stop + 2] != b"\r\n":
            raise NatsError("message without its line end")
        cut = body + header_size
        reply = words[3] if count > fixed else b""
        frames.append(Message(words[1], words[2], reply, data[body:cut], data[cut:stop]))
        return stop + 2


def _words_of(verb: bytes) -> int:
    """How many words the line has when there is no reply subject."""
    word = verb.upper()
    if word == b"HMSG":
        return 5
    if word == b"MSG":
        return 4
    raise NatsError("unknown frame")


def _number(word: bytes) -> int:
    if word.isdigit() and len(word) < 10:
        return int(word)
    raise NatsError("bad number")


def _control(line: bytes) -> Frame:
    """A frame that is one line."""
    verb, _, rest = line.partition(b" ")
    match verb.upper():
        case b"PING":
            return _PING
        case b"PONG":
            return _PONG
        case b"+OK":
            return _OK
        case b"-ERR":
            return ServerError(rest.strip().strip(b"'").decode("utf-8", "replace"))
        case b"INFO":
            return _info(rest)
        case _:
            raise NatsError("unknown frame")


def _info(text: bytes) -> Info:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NatsError("INFO is not JSON") from error
    if not isinstance(fields, dict):
        raise NatsError("INFO is not an object")
    limit = fields.get("max_payload")
    return Info(
        server=str(fields.get("server_name", "")),
        version=str(fields.get("version", "")),
        max_payload=limit if isinstance(limit, int) and limit > 0 else MAX_MESSAGE,
        lame_duck=fields.get("ldm") is True,
        headers=fields.get("headers") is True,
    )
