"""relational (RFC 5231)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds

NUMERIC = ("relational", "comparator-i;ascii-numeric")


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('header :value "gt" :comparator "i;ascii-numeric" "x-number" "9"', True),
        ('header :value "gt" "x-number" "9"', False),
        ('header :value "lt" :comparator "i;ascii-numeric" "x-number" "none"', True),
        ('header :value "eq" :comparator "i;ascii-numeric" "x-number" "010"', True),
        ('header :value "ne" :comparator "i;ascii-numeric" "x-number" "10"', False),
        ('header :value "le" :comparator "i;ascii-numeric" "x-number" ["1", "10"]', True),
        ('header :is :comparator "i;ascii-numeric" "x-number" "10 pears"', True),
        ('header :count "eq" "received" "2"', True),
        ('header :count "ge" ["received", "subject"] "3"', True),
        ('header :count "eq" "x-none" "0"', True),
        ('address :count "eq" ["to", "cc"] "4"', True),
    ],
)
def test_relations(test: str, is_true: bool) -> None:
    assert holds(test, *NUMERIC) is is_true


def test_unknown_relations_are_refused() -> None:
    with pytest.raises(SieveError):
        compiled('require "relational"; if header :value "xx" "a" "b" { keep; }')


@pytest.mark.parametrize("relation", ["gt", "ge", "lt", "le", "eq", "ne"])
def test_all_six_relations(relation: str) -> None:
    """Section 4: as the operator of that name, with numbers of 32 bits at least (section 3)."""
    results = {"gt": True, "ge": True, "lt": False, "le": False, "eq": False, "ne": True}  # of 9 to 8
    base = 4_294_967_286
    letter = f"X: {base + 9}\r\n\r\n".encode()
    test = f'header :value "{relation}" :comparator "i;ascii-numeric" "x" "{base + 8}"'
    assert holds(test, *NUMERIC, letter=letter) is results[relation]


def test_a_relation_is_quoted_and_known() -> None:
    """Section 5."""
    for argument in ("gt", '"around"', "5"):
        with pytest.raises(SieveError):
            compiled(f'require "relational"; if header :count {argument} "a" "b" {{ keep; }}')


def test_value_and_count_are_match_types() -> None:
    """Section 4: one of all match types at a time."""
    with pytest.raises(SieveError):
        compiled('require "relational"; if header :count "eq" :is "a" "b" { keep; }')


def test_count_counts_fields_that_are_there_and_strings_that_are_not_empty() -> None:
    """Section 4.2."""
    assert holds('header :count "eq" ["x-empty", "x-number"] "2"', *NUMERIC)
