"""spamtest (RFC 5235 section 2)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


@pytest.mark.parametrize(
    ("test", "score", "is_true"),
    [
        ('spamtest "0"', None, True),
        ('spamtest :count "eq" "0"', None, True),
        ('spamtest "1"', 0.0, True),
        ('spamtest "10"', 1.0, True),
        ('spamtest :value "ge" :comparator "i;ascii-numeric" "9"', 0.95, True),
    ],
)
def test_spamtest(test: str, score: float | None, is_true: bool) -> None:
    names = ("spamtest", "relational", "comparator-i;ascii-numeric")
    assert holds(test, *names, spam=score) is is_true


@pytest.mark.parametrize(
    ("score", "value"), [(None, "0"), (0.0, "1"), (0.6, "6"), (1.0, "10"), (-3.0, "1"), (9.0, "10")]
)
def test_values_run_from_0_to_10(score: float | None, value: str) -> None:
    """Section 2.1: 0 for not tested, 1 for clear, 10 for sure."""
    assert holds(f'spamtest "{value}"', "spamtest", spam=score)


def test_it_must_be_required() -> None:
    with pytest.raises(SieveError):
        compiled('if spamtest "1" { keep; }')
