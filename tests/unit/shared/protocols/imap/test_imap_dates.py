"""Dates and date-times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap.dates import date_days, date_time, render_date_time
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_date_time_round_trip(seconds: int) -> None:
    rendered = render_date_time(seconds)
    assert len(rendered) == 28
    assert date_time(Arguments(rendered)) == seconds


@given(st.integers(-(2**63), 2**63))
def test_any_number_of_seconds_can_be_shown(seconds: int) -> None:
    assert len(render_date_time(seconds)) == 28


def test_zone() -> None:
    assert date_time(Arguments(b'"17-Jul-1996 02:44:25 -0700"')) == 837596665
    assert render_date_time(837596665) == b'"17-Jul-1996 09:44:25 +0000"'


@pytest.mark.parametrize(("octets", "days"), [(b"1-Jan-1970", 0), (b'"02-jan-1970"', 1), (b"31-Dec-1969", -1)])
def test_dates(octets: bytes, days: int) -> None:
    assert date_days(Arguments(octets)) == days


@pytest.mark.parametrize("octets", [b"30-Feb-2020", b"1-Foo-2020", b"1-Jan-0000", b"1-1-2020", b"x", b'"1-Jan-1970'])
def test_no_dates(octets: bytes) -> None:
    with pytest.raises(ParseError):
        date_days(Arguments(octets))


@pytest.mark.parametrize(
    "octets",
    [
        b'"17-Jul-1996 25:44:25 -0700"',
        b'"17-Jul-1996 02:44:25"',
        b'"17-Jul-1996 02:44:25 -2500"',
        b'"1-Jul-1996 02:44:25 +0000"',
        b'"30-Feb-1996 02:44:25 +0000"',
        b"17-Jul-1996",
    ],
)
def test_no_date_times(octets: bytes) -> None:
    with pytest.raises(ParseError):
        date_time(Arguments(octets))
