"""One id in two notations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.base.ids import new_ulid
from shared.observe.trace_context import Place, first_span, read, trace_id, write

_bits = st.integers(1, (1 << 64) - 1)


def test_a_ulid_is_its_bits() -> None:
    assert trace_id("00000000000000000000000001") == 1
    assert trace_id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == (1 << 128) - 1
    assert trace_id("01ARZ3NDEKTSV4RRFFQ69G5FAV") == 0x01563E3AB5D3D6764C61EFB99302BD5B


def test_ids_of_one_millisecond_differ_in_both_halves_that_matter() -> None:
    ids = [trace_id(new_ulid()) for _ in range(1000)]
    assert len(set(ids)) == len({first_span(each) for each in ids}) == 1000


@given(st.text())
def test_any_text_has_an_id_and_keeps_it(text: str) -> None:
    assert 0 < trace_id(text) < 1 << 128
    assert trace_id(text) == trace_id(text)
    assert first_span(trace_id(text)) > 0


@given(_bits, _bits)
def test_what_is_written_is_read(trace: int, span: int) -> None:
    assert read(write(Place(trace, span))) == Place(trace, span)


@given(st.binary(max_size=80))
def test_nothing_that_a_caller_sends_hurts(value: bytes) -> None:
    found = read(value)
    assert found is None or all(found)


def test_what_is_no_place() -> None:
    good = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert read(good) == Place(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)
    assert read(b"cc" + good[2:] + b"-what-the-future-brings") is not None
    for bad in (
        b"",
        good[:-2] + b"00",  # not recorded
        b"ff" + good[2:],
        good + b"-more",
        good.upper(),
        good.replace(b"-", b"_"),
        b"00-" + b"0" * 32 + good[35:],
        good[:36] + b"0" * 16 + b"-01",
    ):
        assert read(bad) is None, bad
