"""date (RFC 5260)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("year", "2025"),
        ("month", "07"),
        ("day", "15"),
        ("date", "2025-07-15"),
        ("julian", "60871"),
        ("hour", "09"),
        ("minute", "30"),
        ("second", "00"),
        ("time", "09:30:00"),
        ("iso8601", "2025-07-15T09:30:00+02:00"),
        ("std11", "Tue, 15 Jul 2025 09:30:00 +0200"),
        ("zone", "+0200"),
        ("weekday", "2"),
    ],
)
def test_parts_of_a_date(part: str, value: str) -> None:
    assert holds(f'date :originalzone "date" "{part}" "{value}"', "date")


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('date "date" "hour" "07"', True),
        ('date :zone "-0930" "date" "time" "22:00:00"', True),
        ('date :zone "-0930" "date" "weekday" "1"', True),
        ('date :zone "+0000" "date" "iso8601" "2025-07-15T07:30:00Z"', True),
        ('date :originalzone "received" "day" "16"', True),
        ('date :index 2 :originalzone "received" "day" "15"', True),
        ('date :index 1 :last :originalzone "received" "day" "15"', True),
        ('date :index 3 "received" "day" "15"', False),
        ('date "subject" "day" "15"', False),
        ('date "x-none" "day" "15"', False),
        ('date :value "ge" :originalzone "date" "hour" "09"', True),
        ('date :count "eq" "date" "day" "1"', True),
        ('date :count "eq" "x-none" "day" "0"', True),
        ('currentdate "date" "2025-07-15"', True),
        ('currentdate :zone "+0100" "hour" "08"', True),
        ('currentdate :value "lt" "iso8601" "2025-07-15T07:30:01Z"', True),
        ('header :index 1 :contains "received" "id 2"', True),
        ('header :index 1 :last :contains "received" "id 2"', False),
        ('header :index 2 :contains "received" "id 1"', True),
        ('header :index 5 :contains "received" "id"', False),
    ],
)
def test_dates_and_indices(test: str, is_true: bool) -> None:
    assert holds(test, "date", "index", "relational") is is_true


def test_days_that_are_not_in_the_calendar_match_nothing() -> None:
    for date in (b"Thu, 32 Jan 2025 09:30:00 +0000", b"Sat, 29 Feb 2025 09:30:00 +0000", b"soon"):
        assert not holds('date "date" "year" "2025"', "date", letter=b"Date: " + date + b"\r\n\r\n")


@pytest.mark.parametrize(
    "test",
    [
        'date :zone "+0000" :originalzone "date" "day" "1"',
        'date :zone "CET" "date" "day" "1"',
        'date "date" "century" "20"',
        'header :last "subject" "a"',
        'header :index 0 "subject" "a"',
    ],
)
def test_what_is_refused(test: str) -> None:
    with pytest.raises(SieveError):
        compiled(f'require ["date", "index"]; if {test} {{ keep; }}')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"Tue, 1 Apr 2025 09:07:51 +0200", "2025-04-01T09:07:51+02:00"),
        (b"1 Apr 2025 09:07 GMT", "2025-04-01T09:07:00Z"),
        (b"from a by b; Tue, 1 Apr 2025 09:07:51 -0000", "2025-04-01T09:07:51Z"),
    ],
)
def test_dates_whole_or_behind_a_semicolon(value: bytes, text: str) -> None:
    """Sections 4 and 4.2: T and Z in upper case, zero as Z."""
    test = f'date :originalzone :comparator "i;octet" "x-date" "iso8601" "{text}"'
    assert holds(test, "date", letter=b"X-Date: " + value + b"\r\n\r\n")


def test_zone_of_currentdate_and_all_at_one_moment() -> None:
    """Section 5."""
    assert holds('currentdate :zone "-0500" "iso8601" "2025-07-15T02:30:00-05:00"', "date")
    again = " ".join(['currentdate "time" "07:30:00",'] * 3).removesuffix(",")
    assert holds(f"allof({again})", "date")


def test_names_of_parts_are_case_insensitive() -> None:
    assert holds('date "date" "YEAR" "2025"', "date")
