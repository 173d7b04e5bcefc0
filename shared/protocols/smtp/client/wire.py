r"""A message on its way out: whatever is stored, only CRLF ends a line on the wire.

1. A lone CR and a lone LF become CRLF each, and the message ends in CRLF. So no server, whatever it takes for a line
   end, finds another end of the message in it than we sent (SMTP smuggling).
2. However the input is cut, the octets handed out are the same when joined.
"""

from __future__ import annotations

import re

_ANY_END = re.compile(rb"\r\n|\r|\n")


class Lines:
    """The octets of a message with the line ends of rule 1. `stuffed` also doubles the dots that begin a line."""

    __slots__ = ("_held", "_line_start", "_stuffed")

    def __init__(self, *, stuffed: bool) -> None:
        self._stuffed = stuffed
        self._held = b""  # a CR whose LF may still come
        self._line_start = True

    def feed(self, octets: bytes) -> bytes:
        """What can be sent once ``octets`` are known."""
        work = self._held + octets
        self._held = b""
        if work[-1:] == b"\r":
            work, self._held = work[:-1], b"\r"
        return self._lines(work) if work else b""

    def finish(self) -> bytes:
        """The rest, with a line end if the message lacks one and, where stuffed, the dot that ends it."""
        rest = self._lines(b"\r\n") if self._held or not self._line_start else b""
        self._held = b""
        return rest + b".\r\n" if self._stuffed else rest

    def _lines(self, work: bytes) -> bytes:
        pairs = work.count(b"\r\n")
        if work.count(b"\n") != pairs or work.count(b"\r") != pairs:
            work = _ANY_END.sub(b"\r\n", work)
        starts_line, self._line_start = self._line_start, work.endswith(b"\r\n")
        if self._stuffed:
            work = work.replace(b"\r\n.", b"\r\n..")
            if starts_line and work[:1] == b".":
                work = b"." + work
        return work


def whole(octets: bytes, *, stuffed: bool) -> bytes:
    """A message at once."""
    lines = Lines(stuffed=stuffed)
    return lines.feed(octets) + lines.finish()
