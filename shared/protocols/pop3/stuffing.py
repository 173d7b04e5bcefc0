"""Messages as multi-line replies (RFC 1939 section 3): a dot that begins a line doubled, the last line ended.

A line begins after any LF. Stored mail ends its lines with CRLF; should a lone LF be in it, clients differ in whether
it ends a line, and doubling the dot is the reading under which none of them takes it for the end of the message.
"""

from __future__ import annotations


class Stuffer:
    """Stuffs one message that comes in pieces. Work is linear, in whole pieces."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = b"\r\n"  # what stood before the next piece, as far as it matters

    def feed(self, piece: bytes) -> bytes:
        if not piece:
            return b""
        stuffed = piece.replace(b"\n.", b"\n..") if b"\n." in piece else piece
        if piece[:1] == b"." and self._last.endswith(b"\n"):
            stuffed = b"." + stuffed
        self._last = (self._last + piece)[-2:] if len(piece) < 2 else piece[-2:]
        return stuffed

    def finish(self) -> bytes:
        """The end of the reply."""
        return b".\r\n" if self._last == b"\r\n" else b"\r\n.\r\n"


def stuffed(octets: bytes) -> bytes:
    """A whole message as a multi-line reply."""
    stuffer = Stuffer()
    return stuffer.feed(octets) + stuffer.finish()
