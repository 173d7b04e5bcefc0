"""Dates, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.dates import format_date, parse_date, parse_day

SECONDS = st.integers(0, 253_402_300_799)  # 1970 to 9999


@given(SECONDS)
def test_format_and_parse_agree_with_the_standard_library(at: int) -> None:
    text = format_date(at)
    assert parse_date(text.encode()) == at
    assert datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %z").timestamp() == at
    assert parse_date(format_datetime(datetime.fromtimestamp(at, UTC)).encode()) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (b"Thu, 14 Feb 2008 12:00:00 +0000 (GMT)", 1202990400),
        (b"14 Feb 2008 12:00 -0100", 1202994000),
        (b"14 Feb 08 12:00:00 EST", 1203008400),
        (b"thu,14 FEB 108 12:00:00 GMT", 1202990400),
        (b"14-Feb-2008 12:00:00 +0000", 1202990400),
        (b"14 Feb 2008 12:00:00", 1202990400),
        (b"14 Feb 2008 12:00:00 nonsense", 1202990400),
    ],
)
def test_forms(text: bytes, at: int) -> None:
    assert parse_date(text) == at


@pytest.mark.parametrize(
    "text",
    [b"", b"yesterday", b"32 Jan 2008 12:00:00 +0000", b"1 Foo 2008 12:00:00", b"1 Jan 2008 24:00:00", b"1 Jan 2008"],
)
def test_nonsense_is_none(text: bytes) -> None:
    assert parse_date(text) is None


def test_the_day_stands_for_itself_whatever_the_zone() -> None:
    for zone in (b"+1400", b"-1200", b"GMT"):
        day = parse_day(b"1 Jan 1970 23:00:00 " + zone)
        assert day is not None
        assert day[0] == 0


@given(st.binary(max_size=60) | st.text("0123456789 :,-+JanFebZ", max_size=60).map(str.encode))
def test_nothing_raises(octets: bytes) -> None:
    parse_date(octets)
