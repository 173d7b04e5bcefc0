"""Octets received and not yet understood.

Invariants:

1. What comes out depends on the octets fed, never on how they were split.
2. No octet is searched twice for a line end: ``_searched`` remembers how far the last search went.
3. The buffer holds at most one `feed` more than the reader allowed: whoever reads lines gives their limit.
"""

from __future__ import annotations

from shared.protocols.errors import LineTooLong

__all__ = ["LineTooLong", "ReceiveBuffer"]

_LF = b"\n"
_CRLF = b"\r\n"
_CR = 13


class ReceiveBuffer:
    """A queue of octets, read by line or by count.

    With ``strict``, only CRLF ends a line, and a lone LF is an octet like any other; otherwise LF alone does too.
    """

    __slots__ = ("_data", "_end_mark", "_searched")

    def __init__(self, *, strict: bool = False) -> None:
        self._data = bytearray()
        self._searched = 0
        self._end_mark = _CRLF if strict else _LF

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Append what the peer sent."""
        self._data += data

    def __len__(self) -> int:
        return len(self._data)

    def next_line(self, limit: int) -> bytes | None:
        """The next line without its end, or None while its end is missing.

        Raises `LineTooLong` for a line of more than ``limit`` octets, its end not counted, as soon as they are
        there; the line stays, for `skip_line` or `clear`.
        """
        data = self._data
        mark = self._end_mark
        at = data.find(mark, self._searched)
        if at < 0:
            self._remember(limit)
            return None
        length = at
        if mark is _LF and at and data[at - 1] == _CR:
            length -= 1
        if length > limit:
            raise LineTooLong(limit)
        line = bytes(data[:length])
        del data[: at + len(mark)]
        self._searched = 0
        return line

    def _remember(self, limit: int) -> None:
        """Note that what is here holds no line end."""
        held = len(self._data)
        ends_in_cr = held > 0 and self._data[-1] == _CR
        if held - ends_in_cr > limit:
            raise LineTooLong(limit)
        self._searched = held - ends_in_cr

    def skip_line(self) -> bool:
        """Drop octets up to and including the next line end. False when it has not arrived yet: call again."""
        data = self._data
        at = data.find(self._end_mark, self._searched)
        self._searched = 0
        if at < 0:
            del data[: len(data) - (data[-1:] == b"\r")]
            return False
        del data[: at + len(self._end_mark)]
        return True

    def take(self, count: int) -> bytes | None:
        """Exactly ``count`` octets, or None while there are fewer."""
        if len(self._data) < count:
            return None
        return self.take_upto(count)

    def take_upto(self, count: int) -> bytes:
        """What is there, at most ``count`` octets."""
        data = self._data
        self._searched = 0
        if count >= len(data):
            taken = bytes(data)
            data.clear()
            return taken
        with memoryview(data) as view:
            taken = bytes(view[:count])
        del data[:count]
        return taken

    def clear(self) -> None:
        """Forget everything, as STARTTLS demands (RFC 3207 section 4.2)."""
        self._data.clear()
        self._searched = 0
