"""Compressed bodies: whatever range is read is what was written, and what is stored is Zstandard for everybody."""

from __future__ import annotations

import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from services.storage.blobs import frames
from services.storage.blobs.frames import FRAME, Damaged, Packer

SIZES = st.one_of(st.integers(0, 3), st.integers(FRAME - 2, FRAME + 2), st.integers(0, 3 * FRAME))


def octets_of(size: int) -> bytes:
    return random.Random(size).randbytes(size // 2).hex().encode()[:size].ljust(size, b"x")


def packed(octets: bytes, step: int) -> bytes:
    packer = Packer(1)
    return b"".join([packer.add(octets[at : at + step]) for at in range(0, len(octets), step)]) + packer.finish()


def read(stored: bytes, start: int, end: int) -> bytes:
    span = frames.table(stored).span(start, end)
    return frames.unpack(stored[span.start : span.end], span, start, end)


@given(SIZES, st.integers(1, 2 * FRAME), st.data())
def test_any_range_is_what_arrived(size: int, step: int, data: st.DataObject) -> None:
    octets = octets_of(size)
    stored = packed(octets, step)
    assert frames.table(stored).size == size
    if octets:
        start = data.draw(st.integers(0, size - 1))
        end = data.draw(st.integers(start + 1, size))
        assert read(stored, start, end) == octets[start:end]


@given(SIZES, st.integers(1, 2 * FRAME))
def test_however_a_body_arrives_the_same_is_stored(size: int, step: int) -> None:
    octets = octets_of(size)
    assert packed(octets, step) == packed(octets, max(size, 1))


def test_the_usual_program_reads_it() -> None:
    octets = octets_of(2 * FRAME + 100)
    reader = zstandard.ZstdDecompressor().stream_reader(packed(octets, FRAME), read_across_frames=True)
    assert reader.read() == octets


def test_a_range_needs_its_own_frames_only() -> None:
    octets = octets_of(10 * FRAME)
    table = frames.table(packed(octets, FRAME))
    span = table.span(4 * FRAME + 5, 5 * FRAME)
    assert len(span.lengths) == 1
    assert span.end - span.start < FRAME


def test_a_range_outside_the_body_is_refused() -> None:
    stored = packed(b"abc", 3)
    for start, end in ((0, 4), (2, 1), (4, 4)):
        with pytest.raises(Damaged):
            read(stored, start, end)


@given(st.binary(max_size=200))
def test_anything_else_is_damaged(tail: bytes) -> None:
    with pytest.raises(Damaged):
        frames.table(tail)


@given(st.integers(0, FRAME // 2), st.integers(1, 255))
def test_a_changed_octet_never_gives_more_than_the_range(at: int, by: int) -> None:
    octets = octets_of(FRAME + 100)
    stored = bytearray(packed(octets, FRAME))
    stored[at % len(stored)] ^= by
    try:
        found = read(bytes(stored), 10, FRAME + 50)
    except Damaged:
        return
    assert len(found) == FRAME + 40
