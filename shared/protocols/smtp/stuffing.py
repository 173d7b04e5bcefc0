r"""The octets behind DATA (RFC 5321 section 4.5.2): dots removed, the end found, line ends proved.

1. Only CRLF ends a line. A lone CR, a lone LF or a NUL is a `Violation` before any octet near it is handed out, so
   no reading of the stream but ours can find another end of the message in it (SMTP smuggling).
2. The end is CRLF "." CRLF and nothing else; the CRLF before the dot belongs to the message.
3. However the input is cut, the octets handed out are the same when joined.

The stream is taken as if a CRLF stood before it, so that a dot in the first line needs no rule of its own. Work is
done on whole chunks with the search functions of bytes; nothing here looks at single lines.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp.errors import Violation

LINE_LIMIT = 65_536  # octets, CRLF included

_END = b"\r\n.\r\n"


class Unstuffed(NamedTuple):
    """``rest`` is what followed the end, None while that has not come."""

    octets: bytes
    rest: bytes | None


class Unstuffer:
    """Takes what arrives after 354. ``overlong`` tells that a line passed the limit; no octet is dropped for it."""

    __slots__ = ("_held", "_line", "_skip", "overlong")

    def __init__(self) -> None:
        self._held = b"\r\n"  # end of the last input that may be the beginning of something
        self._skip = 2  # octets of the imagined CRLF still to be taken off
        self._line = 0  # octets of the unfinished line
        self.overlong = False

    def feed(self, data: bytes) -> Unstuffed:
        """The message octets that ``data`` completes. Raises `Violation`."""
        work = self._held + data
        rest = None
        dot = work.find(b"\r\n.")
        end = work.find(_END, dot) if dot >= 0 else -1
        if end >= 0:
            work, rest = work[: end + 2], work[end + 5 :]
        else:
            held = _held(work)
            work, self._held = (work[:-held], work[-held:]) if held else (work, b"")
        _check(work)
        if dot >= 0:
            work = work.replace(b"\r\n.", b"\r\n")
        self._measure(work)
        if self._skip and work:
            work, self._skip = work[self._skip :], 0
        return Unstuffed(work, rest)

    def _measure(self, work: bytes) -> None:
        first = work.find(b"\n")
        if first < 0:
            self._line += len(work)
            self.overlong = self.overlong or self._line > LINE_LIMIT
            return
        if self._line + first >= LINE_LIMIT or (len(work) > LINE_LIMIT and _longest(work) > LINE_LIMIT):
            self.overlong = True
        self._line = len(work) - work.rfind(b"\n") - 1


def _held(work: bytes) -> int:
    """How many octets at the end of ``work`` may begin an end of data or a stuffed dot."""
    for size in (4, 3, 2, 1):
        if work.endswith(_END[:size]):
            return size
    return 0


def _longest(work: bytes) -> int:
    return max(map(len, work.split(b"\r\n"))) + 2


def _check(work: bytes) -> None:
    pairs = work.count(b"\r\n")
    if work.count(b"\n") != pairs or work.count(b"\r") != pairs or b"\0" in work:
        raise Violation(521, "5.5.2", "lone CR, lone LF or NUL in the message")
