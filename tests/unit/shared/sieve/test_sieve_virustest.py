"""virustest (RFC 5235 section 3)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


def test_virustest() -> None:
    assert holds('virustest "0"', "virustest")
    assert holds('virustest "5"', "virustest", virus=5)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_numbers(number: int) -> None:
    """Section 3.1."""
    assert holds(f'virustest "{number}"', "virustest", virus=number)
    test = f'virustest :value "ge" :comparator "i;ascii-numeric" "{number}"'
    assert holds(test, "virustest", "relational", "comparator-i;ascii-numeric", virus=5)


def test_untested_is_0() -> None:
    """Section 3: 0 stands for a message that nobody has looked at, however many values there are."""
    assert holds(
        'virustest :value "lt" :comparator "i;ascii-numeric" "1"',
        "virustest",
        "relational",
        "comparator-i;ascii-numeric",
    )


def test_it_must_be_required() -> None:
    with pytest.raises(SieveError):
        compiled('if virustest "1" { keep; }')
