"""virustest (RFC 5235 section 3)."""

from __future__ import annotations

import pytest

from tests.support.sieve import LETTER, holds


def test_virustest() -> None:
    assert holds('virustest "0"', "virustest")
    assert holds('virustest "5"', "virustest", virus=5)
    assert LETTER


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_numbers(number: int) -> None:
    """Section 3.1."""
    assert holds(f'virustest "{number}"', "virustest", virus=number)
    test = f'virustest :value "ge" :comparator "i;ascii-numeric" "{number}"'
    assert holds(test, "virustest", "relational", "comparator-i;ascii-numeric", virus=5)
