"""subaddress (RFC 5233)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import LETTER, compiled, holds


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('envelope "from" "ANN@example.org"', True),
        ('envelope :localpart "from" "ann"', True),
        ('envelope :domain "to" "example.net"', True),
        ('envelope :detail "to" "work"', True),
        ('envelope :user "to" "bob"', True),
        ('envelope :detail "from" ""', False),
        ('envelope :is ["from", "to"] "bob+work@example.net"', True),
        ('address :detail "from" "lists"', True),
        ('address :user "from" "ann"', True),
        ('address :detail "to" ""', False),
    ],
)
def test_parts(test: str, is_true: bool) -> None:
    assert holds(test, "envelope", "subaddress") is is_true


def test_an_empty_detail_is_not_a_missing_one() -> None:
    letter = LETTER.replace(b"Ann+lists", b"ann+")
    assert holds('address :detail "from" ""', "subaddress", letter=letter)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('envelope :user "to" "bob"', True),
        ('envelope :detail "to" "work"', True),
        ('envelope :user "from" "ann"', True),  # without a separator, the whole local part
        ('envelope :detail "from" ""', False),  # and no detail at all (section 4)
        ('envelope :detail :contains "from" ""', False),
        ('address :detail :count "eq" ["to", "cc"] "0"', True),
    ],
)
def test_user_and_detail(test: str, expected: bool) -> None:
    assert holds(test, "envelope", "subaddress", "relational") is expected


def test_only_the_first_separator_counts() -> None:
    """Section 4: the detail is all behind it."""
    letter = LETTER.replace(b"Ann+lists", b"ann+a+b")
    assert holds('address :detail "from" "a+b"', "subaddress", letter=letter)


def test_it_must_be_required() -> None:
    with pytest.raises(SieveError):
        compiled('if address :detail "from" "x" { keep; }')


def test_parts_exclude_one_another() -> None:
    """RFC 5228 section 2.7.4."""
    with pytest.raises(SieveError):
        compiled('require "subaddress"; if address :detail :domain "from" "x" { keep; }')
