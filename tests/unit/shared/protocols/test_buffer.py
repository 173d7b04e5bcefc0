from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.buffer import ReceiveBuffer
from shared.protocols.errors import LineTooLong

LIMIT = 12
octets = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"bc", b"d" * 9, b"\x00"]), max_size=30).map(b"".join)


def lines(pieces: list[bytes], *, strict: bool) -> list[bytes | None]:
    """All lines read as the pieces arrive; None for one that was too long and had to be skipped."""
    buffer = ReceiveBuffer(strict=strict)
    found: list[bytes | None] = []
    skipping = False
    for piece in pieces:
        buffer.feed(piece)
        while True:
            if skipping:
                if not buffer.skip_line():
                    break
                skipping = False
            try:
                line = buffer.next_line(LIMIT)
            except LineTooLong:
                found.append(None)
                skipping = True
                continue
            if line is None:
                break
            found.append(line)
    return found


@given(octets, st.lists(st.integers(0, 300), max_size=6), st.booleans())
def test_lines_do_not_depend_on_the_split(data: bytes, cuts: list[int], strict: bool) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    split = [data[start:end] for start, end in pairwise(places)]
    whole = lines([data], strict=strict)
    assert lines(split, strict=strict) == whole
    assert lines([data[at : at + 1] for at in range(len(data))], strict=strict) == whole


@given(octets)
def test_strict_lines_are_what_crlf_separates(data: bytes) -> None:
    complete = data.split(b"\r\n")[:-1]
    assert lines([data], strict=True)[: len(complete)] == [line if len(line) <= LIMIT else None for line in complete]


@given(st.binary(max_size=200), st.lists(st.integers(0, 50), max_size=20))
def test_counts_take_the_octets_in_order(data: bytes, counts: list[int]) -> None:
    buffer = ReceiveBuffer()
    buffer.feed(data)
    taken = b""
    for count in counts:
        part = buffer.take(count)
        assert (part is None) == (count > len(data) - len(taken))
        taken += part or b""
    assert taken + buffer.take_upto(1000) == data
    assert len(buffer) == 0


def test_lf_alone_ends_a_line_only_when_not_strict() -> None:
    lenient, strict = ReceiveBuffer(), ReceiveBuffer(strict=True)
    for buffer in (lenient, strict):
        buffer.feed(b"a\nb\r\n")
    assert [lenient.next_line(9), lenient.next_line(9), lenient.next_line(9)] == [b"a", b"b", None]
    assert [strict.next_line(9), strict.next_line(9)] == [b"a\nb", None]


def test_a_line_at_the_limit_passes_and_one_octet_more_does_not() -> None:
    buffer = ReceiveBuffer()
    buffer.feed(b"1234\r\n12345\r\nok\r\n")
    assert buffer.next_line(4) == b"1234"
    with pytest.raises(LineTooLong):
        buffer.next_line(4)
    assert buffer.skip_line()
    assert buffer.next_line(4) == b"ok"


def test_clear_forgets_half_a_line() -> None:
    buffer = ReceiveBuffer()
    buffer.feed(b"STARTTLS\r\nINJ")
    assert buffer.next_line(100) == b"STARTTLS"
    assert buffer.next_line(100) is None
    buffer.clear()
    buffer.feed(b"x\r\n")
    assert buffer.next_line(100) == b"x"


def test_a_long_line_in_small_pieces_is_not_searched_again_and_again() -> None:
    def seconds(octets: int) -> float:
        buffer = ReceiveBuffer()
        started = time.process_time()
        for _ in range(octets // 8):
            buffer.feed(b"abcdefgh")
            buffer.next_line(octets)
        return time.process_time() - started

    seconds(10_000)
    assert seconds(800_000) < 40 * seconds(80_000) + 0.05
