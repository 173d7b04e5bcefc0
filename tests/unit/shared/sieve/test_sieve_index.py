"""index (RFC 5260 section 6)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds

LETTER = b"To: a@one.example\r\nTo: b@two.example, c@three.example\r\nTo: d@four.example\r\nDate: x\r\n\r\n"


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (":index 1", "one"),
        (":index 2", "two"),
        (":index 3", "four"),
        (":index 1 :last", "four"),
        (":last :index 3", "one"),
    ],
)
def test_occurrences_are_counted_from_the_top_or_the_bottom(tags: str, found: str) -> None:
    for domain in ("one", "two", "four"):
        test = f'header {tags} :contains "to" "{domain}"'
        assert holds(test, "index", letter=LETTER) is (domain == found)


@pytest.mark.parametrize("name", ["one", "two", "three", "four"])
def test_all_addresses_of_the_field_are_tested(name: str) -> None:
    """An occurrence is a whole field, however many addresses stand in it."""
    test = f'address :index 2 :domain "to" "{name}.example"'
    assert holds(test, "index", letter=LETTER) is (name in ("two", "three"))


def test_beyond_the_last_one_there_is_nothing() -> None:
    for tags in (":index 4", ":index 4 :last"):
        assert not holds(f'header {tags} :contains "to" ""', "index", letter=LETTER)
        assert holds(f'header {tags} :count "eq" "to" "0"', "index", "relational", letter=LETTER)


def test_it_serves_the_date_test() -> None:
    letter = b"X: Tue, 15 Jul 2025 09:30:00 +0000\r\nX: Wed, 16 Jul 2025 09:30:00 +0000\r\n\r\n"
    assert holds('date :zone "+0000" :index 2 "x" "day" "16"', "date", "index", letter=letter)
    assert holds('date :zone "+0000" :last :index 2 "x" "day" "15"', "date", "index", letter=letter)


@pytest.mark.parametrize(
    "test",
    [
        'header :last "to" "x"',  # alone it says nothing
        'header :index 0 "to" "x"',  # occurrences are counted from one
        'header :index "1" "to" "x"',
        'exists :index 1 "to"',
        "size :index 1 :over 1",
    ],
)
def test_what_may_not_be_said(test: str) -> None:
    with pytest.raises(SieveError):
        compiled(f'require "index"; if {test} {{ keep; }}')


def test_it_must_be_required() -> None:
    with pytest.raises(SieveError):
        compiled('if header :index 1 "to" "x" { keep; }')
