"""Comparators (RFC 4790, RFC 5051)."""

from __future__ import annotations

import pytest

from shared.sieve.comparators import ASCII_CASEMAP, ASCII_NUMERIC, OCTET, UNICODE_CASEMAP
from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


def test_numbers_that_are_none_are_infinite_and_equal() -> None:
    assert ASCII_NUMERIC.fold("abc") == ASCII_NUMERIC.fold("") > ASCII_NUMERIC.fold("9" * 100)


def test_unicode_casemap_folds_letters_and_composition() -> None:
    fold = UNICODE_CASEMAP.fold
    assert fold("ÄRGER") == fold("a\u0308rger")
    name = "comparator-i;unicode-casemap"
    assert holds('header :contains :comparator "i;unicode-casemap" "subject" "GRÜ"', name)
    with pytest.raises(SieveError):
        compiled('if header :comparator "i;unicode-casemap" "a" "b" { keep; }')


def test_octets_are_compared_as_they_are() -> None:
    """RFC 4790 section 9.3."""
    assert OCTET.fold("a") != OCTET.fold("A")
    assert OCTET.fold("Z") < OCTET.fold("a") < OCTET.fold("é")
    assert holds('header :comparator "i;octet" :contains "subject" "from"')
    assert not holds('header :comparator "i;octet" :contains "subject" "FROM"')


def test_ascii_casemap_folds_a_to_z_and_nothing_else() -> None:
    """RFC 4790 section 9.2; it is the default (RFC 5228 section 2.7.3)."""
    assert ASCII_CASEMAP.fold("straße é") == "STRAßE é"
    assert holds('header :contains "subject" "FROM"')
    assert not holds('header :contains "subject" "GRÜ"')
    assert holds('header :contains "subject" "GRü"')


@pytest.mark.parametrize(("one", "other"), [("007", "7"), ("10 apples", "10"), ("3.9", "3"), ("0", "00")])
def test_numbers_are_their_first_digits(one: str, other: str) -> None:
    """RFC 4790 section 9.1."""
    assert ASCII_NUMERIC.fold(one) == ASCII_NUMERIC.fold(other)


def test_numbers_are_ordered_by_value() -> None:
    names = ("relational", "comparator-i;ascii-numeric")
    assert holds('header :value "lt" :comparator "i;ascii-numeric" "x-number" "9000"', *names)
    assert holds('header :value "gt" :comparator "i;ascii-numeric" "x-number" "9"', *names)


@pytest.mark.parametrize("match", ["contains", "matches"])
def test_numbers_hold_no_substrings(match: str) -> None:
    """RFC 4790 section 9.1: it has no substring operation."""
    with pytest.raises(SieveError):
        compiled(
            'require "comparator-i;ascii-numeric";'
            f'if header :{match} :comparator "i;ascii-numeric" "a" "1" {{ keep; }}'
        )


@pytest.mark.parametrize("name", ["i;ascii-numeric", "i;unicode-casemap", "i;nonsense"])
def test_comparators_beyond_the_base_must_be_required(name: str) -> None:
    """RFC 5228 section 2.7.3."""
    with pytest.raises(SieveError):
        compiled(f'if header :comparator "{name}" "a" "1" {{ keep; }}')


def test_those_of_the_base_may_be_required() -> None:
    """RFC 5228 section 2.7.3."""
    assert compiled('require ["comparator-i;octet", "comparator-i;ascii-casemap"]; keep;').required
