"""A compressed stream, however it is cut, and however much it hides."""

from __future__ import annotations

import zlib
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.deflate import CHUNK, BrokenStream, Deflater, Inflater


def drawn(inflater: Inflater) -> bytes:
    return b"".join(iter(inflater.more, b""))


@given(st.lists(st.binary(max_size=300), max_size=5), st.lists(st.integers(0, 500)))
def test_what_is_deflated_comes_out_again_however_it_is_cut(pieces: list[bytes], cuts: list[int]) -> None:
    deflater, inflater = Deflater(), Inflater()
    octets = b"".join(map(deflater.deflate, pieces))
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    found = b""
    for start, end in pairwise(edges):
        inflater.feed(octets[start:end])
        found += drawn(inflater)
    assert found == b"".join(pieces)


def test_each_piece_can_be_understood_when_it_arrives() -> None:
    deflater, inflater = Deflater(), Inflater()
    for piece in (b"a1 OK\r\n", b"* BYE\r\n"):
        inflater.feed(deflater.deflate(piece))
        assert drawn(inflater) == piece


def test_case_45_a_flood_comes_in_bounded_pieces() -> None:
    inflater = Inflater()
    inflater.feed(zlib.compress(bytes(64 * CHUNK), wbits=-15))
    count = 0
    while piece := inflater.more():
        assert len(piece) <= CHUNK
        count += len(piece)
    assert count == 64 * CHUNK


@given(st.binary(max_size=200))
def test_octets_raise_nothing_but_a_broken_stream(octets: bytes) -> None:
    inflater = Inflater()
    inflater.feed(octets)
    with suppress(BrokenStream):
        drawn(inflater)


def test_what_stands_behind_the_end_of_a_stream_is_kept() -> None:
    inflater = Inflater()
    inflater.feed(zlib.compress(b"UNAUTHENTICATE", wbits=-15) + b"plain")
    assert drawn(inflater) == b"UNAUTHENTICATE"
    assert inflater.rest == b"plain"
    broken = Inflater()
    broken.feed(b"\xff\xff")
    with pytest.raises(BrokenStream):
        broken.more()
