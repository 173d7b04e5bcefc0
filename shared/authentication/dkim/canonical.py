"""Canonical forms of header fields and bodies (RFC 6376 section 3.4).

A body is fed in pieces of any size; what comes out is the same octets as if it had come whole. Held back is at most
one unfinished line end: empty lines at the end are counted, not kept, so memory does not grow with the body.
"""

from __future__ import annotations

import re

_SPACE = re.compile(rb"[ \t]+")
_FOLDED_SPACE = re.compile(rb"[ \t\r\n]+")


def canonical_field(raw: bytes, *, relaxed: bool) -> bytes:
    """One header field as it is hashed, its line end included. ``raw`` is the field as it stands."""
    if not relaxed:
        return raw if raw.endswith(b"\r\n") else raw.rstrip(b"\r\n") + b"\r\n"
    name, _, value = raw.partition(b":")
    if b"\x0b" in value or b"\x0c" in value:  # white space to Python, but not to RFC 6376
        value = _FOLDED_SPACE.sub(b" ", value).strip(b" ")
    else:
        value = b" ".join(value.split())
    return b"%b:%b\r\n" % (name.rstrip(b" \t").lower(), value)


class CanonicalBody:
    """A body on its way into a hash."""

    __slots__ = ("_blank", "_relaxed", "_some", "_tail")

    def __init__(self, *, relaxed: bool) -> None:
        self._relaxed = relaxed
        self._blank = 0  # line ends that count only if something follows
        self._tail = b""  # "", or the beginning of a line end: blanks, CR
        self._some = False  # anything came out yet

    def feed(self, octets: bytes) -> bytes:
        """What the next octets add."""
        data = self._tail + octets if self._tail else octets
        if self._relaxed:
            if b"  " in data or b"\t" in data:
                data = _SPACE.sub(b" ", data)
            data = data.replace(b" \r\n", b"\r\n")
        text = data.rstrip(b"\r\n " if self._relaxed else b"\r\n")
        rest = data[len(text) :]
        out = self._flush(text) if text else b""
        end = rest.rfind(b"\r\n") + 2 if b"\r\n" in rest else 0
        lines, self._tail = rest[:end], rest[end:]
        if lines.count(b"\r\n") * 2 != len(lines):  # lone CR or LF among them: text like any other
            kept = _trailing_line_ends(lines)
            out += self._flush(lines[: len(lines) - 2 * kept])
            self._blank += kept
        else:
            self._blank += end // 2
        if len(self._tail) > 2 or self._tail not in (b"", b" ", b"\r", b" \r"):
            out += self._flush(self._tail[:-2])
            self._tail = self._tail[-2:]
        return out

    def finish(self) -> bytes:
        """What the end of the body adds: the last line's end."""
        out = b""
        tail = self._tail.rstrip(b" ") if self._relaxed else self._tail
        if tail:
            out = self._flush(tail)
        if self._some or not self._relaxed:
            out += b"\r\n"
        return out

    def _flush(self, text: bytes) -> bytes:
        out = b"\r\n" * self._blank + text if self._blank else text
        self._blank = 0
        self._some = True
        return out


def _trailing_line_ends(lines: bytes) -> int:
    count, end = 0, len(lines)
    while end >= 2 and lines[end - 2 : end] == b"\r\n":
        count, end = count + 1, end - 2
    return count
