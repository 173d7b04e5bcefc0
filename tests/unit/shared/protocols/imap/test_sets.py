"""Sequence sets, against a naive model."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.sets import STAR, SequenceSet
from shared.protocols.imap.strings import number_set
from shared.protocols.imap.tokens import Arguments

_NUMBERS = st.integers(0, 30)


def _expanded(ranges: list[tuple[int, int]]) -> list[int]:
    return [number for low, high in ranges for number in range(low, high + 1)]


@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=6), st.integers(0, 25))
def test_resolved_is_ascending_and_the_same_set(ranges: list[tuple[int, int]], largest: int) -> None:
    expected = set()
    for low, high in ranges:
        low, high = sorted((low or largest, high or largest))
        expected |= set(range(low, high + 1))
    resolved = SequenceSet(tuple(ranges)).resolve(largest)
    assert _expanded(resolved) == sorted(expected - {0})
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(resolved))


def test_ranges_are_kept_as_written() -> None:
    arguments = Arguments(b"5:1,*,3:*,4294967295")
    assert arguments.sequence_set().ranges == ((5, 1), (STAR, STAR), (3, STAR), (2**32 - 1, 2**32 - 1))
    assert Arguments(b"$").sequence_set() == SequenceSet((), saved=True)


@pytest.mark.parametrize(
    "octets", [b"", b"0", b"1,", b",1", b"1:", b":1", b"1:2:3", b"4294967296", b"a", b"1:0", b"**"]
)
def test_broken_sets(octets: bytes) -> None:
    with pytest.raises(ParseError):
        Arguments(octets).sequence_set()


@given(st.sets(st.integers(1, 200), min_size=1))
def test_numbers_rendered_read_back(numbers: set[int]) -> None:
    ascending = sorted(numbers)
    assert _expanded(Arguments(number_set(ascending)).sequence_set().resolve(0)) == ascending


def test_rendered_runs() -> None:
    assert number_set([1, 2, 3, 5, 8, 9]) == b"1:3,5,8:9"
    assert number_set([9, 8, 3, 4]) == b"9,8,3:4"
    assert number_set([]) == b""
