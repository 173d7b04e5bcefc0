"""Replies as a client reads them (RFC 5321 section 4.2), bounded whatever the server sends."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from shared.protocols.buffer import ReceiveBuffer
from shared.protocols.errors import LineTooLong, ProtocolError

LINE_LIMIT = 2_048  # octets; RFC 5321 allows 512, and many servers say more
LINES = 128  # of one reply
TEXT_LIMIT = 1_000  # characters of `ServerReply.text`
_COMMON = 64  # octets; what a server says to every letter is short, and read once

_CODES = {b"%d" % code: code for code in range(200, 600)}
_SEPARATORS = (b" ", b"-", b"")
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|\Z)")


class ReplyError(ProtocolError):
    """What the server sent is no reply, or one too many: the connection is of no more use."""


class ServerReply(NamedTuple):
    """One reply; ``lines`` are printable and without their codes. ``enhanced`` is empty where none was given."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def positive(self) -> bool:
        return self.code < 400

    @property
    def permanent(self) -> bool:
        return self.code >= 500

    @property
    def text(self) -> str:
        """In one line, for logs and reports: code, enhanced code and what was said."""
        words = (str(self.code), self.enhanced, *self.lines)
        return " ".join(word for word in words if word)[:TEXT_LIMIT]


class ReplyReader:
    """Feed what arrives, then ask for replies until there is None."""

    __slots__ = ("_buffer", "_code", "_lines")

    def __init__(self) -> None:
        self._buffer = ReceiveBuffer()
        self._code = 0
        self._lines: list[str] = []

    def feed(self, data: bytes) -> None:
        self._buffer.feed(data)

    @property
    def buffered(self) -> bool:
        """Whether something has arrived that is not read yet."""
        return len(self._buffer) > 0 or bool(self._lines)

    def next_reply(self) -> ServerReply | None:
        """Raises `ReplyError`."""
        while True:
            try:
                line = self._buffer.next_line(LINE_LIMIT)
            except LineTooLong as error:
                raise ReplyError("a line of the reply is too long") from error
            if line is None:
                return None
            if not self._lines and len(line) <= _COMMON and line[3:4] == b" ":
                return _single(line)
            if self._take(line):
                lines, self._lines = self._lines, []
                return _reply(self._code, lines)

    def _take(self, line: bytes) -> bool:
        """Whether ``line`` was the reply's last one."""
        code, text, more = _read(line)
        if self._lines and code != self._code:
            raise ReplyError("the code changes within a reply")
        if len(self._lines) == LINES:
            raise ReplyError("the reply has too many lines")
        self._code = code
        self._lines.append(_printable(text))
        return not more


def _read(line: bytes) -> tuple[int, bytes, bool]:
    """Code, text, and whether another line of the reply follows. Raises `ReplyError`."""
    code, separator = _CODES.get(line[:3]), line[3:4]
    if code is None or separator not in _SEPARATORS:
        raise ReplyError("this is no SMTP reply")
    return code, line[4:], separator == b"-"


@lru_cache(maxsize=256)
def _single(line: bytes) -> ServerReply:
    """A reply of one line. Raises `ReplyError`."""
    code, text, _ = _read(line)
    return _reply(code, [_printable(text)])


def _printable(octets: bytes) -> str:
    text = octets.decode("utf-8", "replace")
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def _reply(code: int, lines: list[str]) -> ServerReply:
    """The enhanced code is taken off every line; it counts only when it agrees with the code."""
    found = _ENHANCED.match(lines[0])
    enhanced = found[1] if found and found[1][0] == str(code)[0] else ""
    if enhanced:
        lines = [line[len(enhanced) :].lstrip(" ") if line.startswith(enhanced) else line for line in lines]
    return ServerReply(code, enhanced, tuple(lines))
