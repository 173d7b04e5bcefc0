"""The head of a message, as TOP shows it: header block and some lines of the body (RFC 1939 section 7)."""

from __future__ import annotations


class HeadCutter:
    """Takes a message in pieces and lets through what TOP wants. ``done`` says that nothing more will pass."""

    def __init__(self, lines: int) -> None:
        self.done = False
        self._lines = lines
        self._in_body = False
        self._tail = b"\n"  # the last octets seen, to find an empty line across two pieces

    def feed(self, piece: bytes) -> bytes:
        """The octets of ``piece`` that pass."""
        if self.done or not piece:
            return b""
        if self._in_body:
            return piece[: self._cut(piece, 0)]
        seen = self._tail + piece
        start = _after_empty_line(seen)
        if start is None:
            self._tail = seen[-3:]
            return piece
        self._in_body = True
        return piece[: self._cut(piece, start - len(self._tail))]

    def _cut(self, piece: bytes, at: int) -> int:
        """Where the wanted lines end in ``piece``, whose body begins at ``at``."""
        while self._lines:
            end = piece.find(b"\n", at)
            if end < 0:
                return len(piece)
            at = end + 1
            self._lines -= 1
        self.done = True
        return at


def _after_empty_line(octets: bytes) -> int | None:
    """Where the line after the first empty one begins."""
    found = [at + len(mark) for mark in (b"\n\r\n", b"\n\n") if (at := octets.find(mark)) >= 0]
    return min(found) if found else None
