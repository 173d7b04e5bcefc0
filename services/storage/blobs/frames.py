"""Compressed bodies that can be read in part: independent Zstandard frames and, at the end, a table of them. Pure.

Each frame holds `FRAME` octets of the body, the last one what is left. The table is a skippable frame in Zstandard's
seekable format, so ``zstd -d`` gives the body back from what is stored.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from services.storage.blobs.zstd import ZstdError, compress, decompress
from shared.base.errors import EilpostError

FRAME = 256 * 1024  # octets of the body in one frame
TAIL = 16 * 1024  # octets that hold the table of nearly every body

_SKIPPABLE = 0x184D2A5E
_SEEKABLE = 0x8F92EAB1
_HEAD = struct.Struct("<II")  # magic, octets that follow
_ENTRY = struct.Struct("<II")  # octets of a frame: compressed, not compressed
_FOOT = struct.Struct("<IBI")  # frames, descriptor, magic


class Damaged(EilpostError):
    """Not what a `Packer` made."""


class Span(NamedTuple):
    """Neighbouring frames: where they lie in what is stored, how long each is, and where their octets begin."""

    start: int
    end: int
    lengths: Sequence[int]
    first: int


class Packer:
    """Compresses a body piece by piece."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._open = bytearray()
        self._entries: list[tuple[int, int]] = []

    def add(self, octets: bytes) -> bytes:
        """More of the body; the frames that are full now."""
        self._open += octets
        whole = len(self._open) - len(self._open) % FRAME
        packed = b"".join(self._frame(bytes(self._open[at : at + FRAME])) for at in range(0, whole, FRAME))
        del self._open[:whole]
        return packed

    def finish(self) -> bytes:
        """The last frame and the table."""
        last = self._frame(bytes(self._open)) if self._open else b""
        self._open.clear()
        entries = b"".join(_ENTRY.pack(*entry) for entry in self._entries)
        head = _HEAD.pack(_SKIPPABLE, len(entries) + _FOOT.size)
        return b"".join((last, head, entries, _FOOT.pack(len(self._entries), 0, _SEEKABLE)))

    def _frame(self, octets: bytes) -> bytes:
        packed = compress(octets, self._level)
        self._entries.append((len(packed), len(octets)))
        return packed


class Table:
    """Where the frames of one body begin, in what is stored and in the body."""

    def __init__(self, entries: Sequence[tuple[int, int]]) -> None:
        self._stored = array("Q", [0])
        self._body = array("Q", [0])
        for packed, octets in entries:
            self._stored.append(self._stored[-1] + packed)
            self._body.append(self._body[-1] + octets)

    @property
    def size(self) -> int:
        """Octets of the body."""
        return self._body[-1]

    def span(self, start: int, end: int) -> Span:
        """The frames that hold a range of the body. Raises `Damaged` when it has no such range."""
        if not 0 <= start <= end <= self.size:
            raise Damaged(f"{start} to {end} of {self.size} octets")
        first = max(0, bisect_right(self._body, start) - 1)
        last = first
        while self._body[last] < end:
            last += 1
        ends = self._stored[first : last + 1]
        lengths = [after - before for before, after in pairwise(ends)]
        return Span(self._stored[first], self._stored[last], lengths, self._body[first])


def table_length(tail: bytes) -> int:
    """Octets of the table at the end of ``tail``. Raises `Damaged`."""
    if len(tail) < _FOOT.size:
        raise Damaged("no table of frames")
    count, descriptor, magic = _FOOT.unpack_from(tail, len(tail) - _FOOT.size)
    if magic != _SEEKABLE or descriptor:
        raise Damaged("no table of frames")
    return _HEAD.size + int(count) * _ENTRY.size + _FOOT.size


def table(tail: bytes) -> Table:
    """The table at the end of ``tail``, which holds it whole. Raises `Damaged`."""
    length = table_length(tail)
    start = len(tail) - length
    if start < 0 or _HEAD.unpack_from(tail, start) != (_SKIPPABLE, length - _HEAD.size):
        raise Damaged("no table of frames")
    return Table(list(_ENTRY.iter_unpack(tail[start + _HEAD.size : -_FOOT.size])))


def unpack(packed: bytes, span: Span, start: int, end: int) -> bytes:
    """The range of the body out of the frames of its ``span``. Raises `Damaged`."""
    if len(packed) != span.end - span.start:
        raise Damaged("shorter than its table says")
    view, pieces, at = memoryview(packed), [], 0
    for length in span.lengths:
        try:
            pieces.append(decompress(view[at : at + length], FRAME))
        except ZstdError as error:
            raise Damaged(str(error)) from error
        at += length
    octets = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    wanted = octets[start - span.first : end - span.first]
    if len(wanted) != end - start:
        raise Damaged("shorter than its table says")
    return wanted
