"""One pass over a message: where its MIME entities begin and end (RFC 2045, 2046), fed in any pieces.

Invariants
1. Every octet is searched a bounded number of times, whatever the message: headers in doubling windows, bodies with
   one ``find`` for what all open boundaries begin with. Nothing recurses.
2. Kept are the header block being read (up to a limit), an unfinished line that may be a boundary, and what the
   `Sink` takes; never a body.
3. Feeding whole, split anywhere, or octet by octet makes the same calls to the sink, but for the pieces of a body.
4. Beyond a limit the rest of the message is the body of what is open. Nothing raises.

A boundary line is ``--boundary`` with white space behind it at most; the line end before it is part of it. All
positions are offsets from the first octet of the message.
"""

from __future__ import annotations

from typing import Protocol

from shared.mail.boundaries import OpenBoundaries
from shared.mail.content import Kind
from shared.mail.limits import Limits

_WINDOW = 2_048  # octets of a header searched at first
_PADDING = 80  # white space behind a boundary
_CR = 13


class Sink(Protocol):
    """What is told of the structure. ``lines`` counts the LFs before the offset."""

    def open(self, header_start: int) -> None:
        """An entity begins, inside the one opened last and not yet closed."""

    def header(self, block: bytes, body_start: int, lines: int) -> tuple[Kind, bytes]:
        """Its header, without the empty line, cut at the limit. Answers its kind and boundary."""

    def body(self, octets: bytes | bytearray) -> int:
        """Some of the body of the innermost entity, in order. Answers how many octets more are wanted."""

    def close(self, end: int, lines: int) -> None:
        """The innermost entity ends."""

    def is_full(self) -> bool:
        """Whether no further entity may be opened."""


class Scanner:
    """Feeds a `Sink`. Opens the message itself as the first entity."""

    def __init__(self, sink: Sink, limits: Limits) -> None:
        self._sink = sink
        self._limits = limits
        self._data: bytes | bytearray = b""
        self._base = 0  # of the first octet of _data
        self._at = 0  # searched up to here
        self._counted, self._lines = 0, 0  # LFs before _counted
        self._boundaries = OpenBoundaries()
        self._open: list[bytes] = []  # boundary of each entity whose header is read, "" for none
        self._in_header = True
        self._header_start = self._body_start = 0  # of the innermost entity
        self._head: bytes | None = None  # what is kept of a header that passed its limit
        self._wanted = 0  # octets of the body that the sink wants
        self._judged, self._near_misses = -1, 0
        sink.open(0)

    def feed(self, data: bytes) -> None:
        """The next octets."""
        if not self._data:
            self._data = data
        else:
            if not isinstance(self._data, bytearray):
                self._data = bytearray(self._data)
            self._data += data
        self._run(final=False)
        self._forget()

    def finish(self) -> int:
        """The message ends here. Answers its size."""
        self._run(final=True)
        size = self._base + len(self._data)
        while self._in_header:
            self._end_header(size, size)
        self._count(size)
        while self._open:
            self._close(size)
        return size

    def _run(self, *, final: bool) -> None:
        while self._search_header(final=final) if self._in_header else self._search_body(final=final):
            pass

    def _forget(self) -> None:
        """Drop what is not needed any more; the octet before the search position may be a CR that is."""
        size = self._base + len(self._data)
        keep = self._header_start if self._in_header and self._head is None else min(self._at, size)
        keep = max(keep - 1, self._base) if keep < size or self._in_header else size
        self._count(keep)
        if keep == size:
            self._data = b""
        elif isinstance(self._data, bytearray):
            del self._data[: keep - self._base]
        else:
            self._data = bytearray(self._data[keep - self._base :])
        self._base = keep

    def _count(self, to: int) -> None:
        """Go over the octets before ``to``: count their lines, show them to the sink."""
        if to <= self._counted:
            return
        start, end = self._counted - self._base, to - self._base
        self._lines += self._data.count(b"\n", start, end)
        if self._wanted and not self._in_header:
            self._wanted = self._sink.body(self._data[start : min(end, start + self._wanted)])
        self._counted = to

    # --- headers ---

    def _search_header(self, *, final: bool) -> bool:
        """Look for the end of a header. True when it was found."""
        data, base = self._data, self._base
        size = len(data)
        begin = self._at - base
        if self._at == self._header_start:
            if size - begin < 2 and not final:
                return False
            if data[begin : begin + 1] == b"\n" or data[begin : begin + 2] == b"\r\n":
                self._end_header(self._at, self._at + (1 if data[begin] != _CR else 2))
                return True
        overlap = max(len(self._boundaries.needle), 2)
        window = _WINDOW
        stop = begin
        while stop < size:
            stop = min(size, begin + window)
            blank = _blank_line(data, begin, stop)
            if self._boundaries.needle:
                outcome = self._search_line(begin - 1, stop if blank < 0 else blank + 1, final=final)
                if outcome is not None:
                    return outcome
            if blank >= 0:
                self._end_header(base + blank + 1, base + blank + (3 if data[blank + 1] == _CR else 2))
                return True
            begin = max(begin, stop - overlap)
            window *= 2
        self._at = base + begin
        self._cut_header()
        return False

    def _cut_header(self) -> None:
        """Keep no more of a header than its limit."""
        start = self._header_start - self._base
        if self._head is None and len(self._data) - start > self._header_limit():
            self._head = bytes(self._data[start : start + self._header_limit()])

    def _header_limit(self) -> int:
        return self._limits.part_header if self._open else self._limits.header

    def _end_header(self, end: int, body_start: int) -> None:
        """The header being read ends: ask the sink what the entity is."""
        block = self._head
        if block is None:
            start = self._header_start - self._base
            block = bytes(self._data[start : min(end - self._base, start + self._header_limit())])
        self._head = None
        self._count(body_start)
        self._in_header = False
        self._body_start = body_start
        self._at = max(body_start - 1, 0)
        kind, boundary = self._sink.header(block, body_start, self._lines)
        follow = not self._is_cut()
        if kind is not Kind.MULTIPART or len(boundary) > self._limits.boundary or not follow:
            boundary = b""
        if boundary:
            self._boundaries.add(boundary, len(self._open))
        self._open.append(boundary)
        if kind is Kind.MESSAGE and follow:
            self._begin(body_start)
        else:
            self._wanted = self._sink.body(b"")

    def _is_cut(self) -> bool:
        return len(self._open) >= self._limits.depth or self._sink.is_full()

    def _begin(self, header_start: int) -> None:
        self._sink.open(header_start)
        self._header_start = self._at = header_start
        self._in_header = True

    # --- bodies and boundary lines ---

    def _search_body(self, *, final: bool) -> bool:
        """Look for the next boundary line in a body. True when there was one."""
        size = len(self._data)
        if not self._boundaries.needle:
            self._at = self._base + size + 1  # only the end of the message ends this
            return False
        outcome = self._search_line(self._at - self._base, size, final=final)
        if outcome is not None:
            return outcome
        self._at = max(self._at, self._base + size - len(self._boundaries.needle) + 1)
        return False

    def _search_line(self, begin: int, stop: int, *, final: bool) -> bool | None:
        """Look for a boundary line between two indices of the data. None: there is none; False: it is unfinished."""
        needle = self._boundaries.needle
        at = self._data.find(needle, max(begin, 0), stop)
        while at >= 0:
            outcome = self._judge(at, final=final)
            if outcome is not None or not self._boundaries.needle:
                return outcome
            at = self._data.find(needle, at + 1, stop)
        return None

    def _judge(self, at: int, *, final: bool) -> bool | None:
        """Is the line behind the LF at index ``at`` a boundary? None: no; False: it is unfinished."""
        data = self._data
        reach = at + 3 + self._limits.boundary + _PADDING
        end = data.find(b"\n", at + 1, reach)
        if end < 0:
            if len(data) < reach and not final:
                self._at = self._base + at
                return False
            end = min(len(data), reach)
        level, closing = self._boundaries.match(bytes(data[at + 3 : end]))
        if level < 0:
            self._miss(self._base + at)
            return None
        start = at - 1 if at > 0 and data[at - 1] == _CR else at
        self._cross(level, self._base + start, self._base + min(end + 1, len(data)), closing=closing)
        return True

    def _miss(self, at: int) -> None:
        if at > self._judged:
            self._judged = at
            self._near_misses += 1
            if self._near_misses > self._limits.near_misses:
                self._boundaries.clear()

    def _cross(self, level: int, end: int, following: int, *, closing: bool) -> None:
        """A boundary line of the entity at ``level`` stands from ``end`` to ``following``."""
        if self._in_header:
            end = max(end, self._header_start)
            while self._in_header:
                self._end_header(end, end)
        end = max(end, self._body_start)
        self._count(end)
        while len(self._open) > level + 1:
            self._close(end)
        self._wanted = 0
        if closing:
            self._boundaries.remove(self._open[level], level)
            self._at = max(following - 1, 0)
        elif self._is_cut():
            self._boundaries.clear()
        else:
            self._count(following)
            self._begin(following)

    def _close(self, end: int) -> None:
        boundary = self._open.pop()
        if boundary:
            self._boundaries.remove(boundary, len(self._open))
        self._sink.close(end, self._lines)


def _blank_line(data: bytes | bytearray, begin: int, stop: int) -> int:
    """Index of the first LF before an empty line, or -1."""
    crlf = data.find(b"\n\r\n", begin, stop)
    lf = data.find(b"\n\n", begin, stop if crlf < 0 else crlf + 1)
    return crlf if lf < 0 else lf
