"""spamtestplus (RFC 5235 section 2.2)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


@pytest.mark.parametrize(
    ("score", "percent"),
    [(0.0, "0"), (0.004, "0"), (0.37, "37"), (0.95, "95"), (1.0, "100"), (7.0, "100"), (-1.0, "0")],
)
def test_percent_runs_from_0_to_100(score: float, percent: str) -> None:
    assert holds(f'spamtest :percent "{percent}"', "spamtestplus", spam=score)


def test_percent_needs_spamtestplus() -> None:
    with pytest.raises(SieveError):
        compiled('require "spamtest"; if spamtest :percent "1" { keep; }')


def test_it_brings_spamtest_without_percent_too() -> None:
    assert holds('spamtest "1"', "spamtestplus", spam=0.0)
    assert holds('spamtest "10"', "spamtestplus", "spamtest", spam=1.0)


def test_untested_is_told_by_count() -> None:
    """With :percent, 0 may mean clear as well."""
    assert holds('spamtest :percent "0"', "spamtestplus", spam=0.0)
    assert holds('spamtest :percent :count "eq" "0"', "spamtestplus", "relational")
    assert holds('spamtest :percent :count "eq" "1"', "spamtestplus", "relational", spam=0.0)


def test_the_examples_compare_as_numbers() -> None:
    names = ("spamtestplus", "relational", "comparator-i;ascii-numeric")
    assert holds('spamtest :value "ge" :comparator "i;ascii-numeric" :percent "37"', *names, spam=0.4)
    assert not holds('spamtest :value "lt" :comparator "i;ascii-numeric" :percent "37"', *names, spam=0.4)
