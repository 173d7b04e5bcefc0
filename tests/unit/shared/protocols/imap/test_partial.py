"""PARTIAL: ranges of results from either end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.partial import PartialRange, partial_range
from shared.protocols.imap.tokens import Arguments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"1:500", PartialRange(1, 500)),
        (b"500:1", PartialRange(1, 500, falling=True)),
        (b"-1:-100", PartialRange(1, 100, newest=True)),
        (b"-100:-1", PartialRange(1, 100, newest=True, falling=True)),
    ],
)
def test_ranges(text: bytes, expected: PartialRange) -> None:
    found = partial_range(Arguments(text))
    assert found == expected
    assert str(found) == text.decode()


@pytest.mark.parametrize("text", [b"0:1", b"-0:-1", b"1:*", b"1", b"-1:2", b"1:-2", b"a:b", b""])
def test_what_is_no_range(text: bytes) -> None:
    with pytest.raises(ParseError):
        partial_range(Arguments(text))


@given(st.integers(0, 12), st.integers(1, 15), st.integers(1, 15), st.booleans())
def test_results_in_a_range(size: int, one: int, other: int, newest: bool) -> None:
    results = list(range(size))
    numbered = list(enumerate(reversed(results) if newest else results, 1))
    low, high = min(one, other), max(one, other)
    wanted = sorted(result for number, result in numbered if low <= number <= high)
    assert PartialRange(low, high, newest).of(results) == wanted
