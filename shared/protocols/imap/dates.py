"""Dates in commands and responses (RFC 3501 section 9: ``date``, ``date-time``)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments

DAY = 86_400  # seconds
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {month.upper(): number for number, month in enumerate(_MONTHS, 1)}
_DATE = re.compile(r"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})\Z")
_DATE_TIME = re.compile(
    r"([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})\Z"
)


def date_days(arguments: Arguments) -> int:
    """``date``, quoted or not, as days since 1970-01-01."""
    text = arguments.astring().decode("ascii", "replace")
    found = _DATE.match(text)
    month = _NUMBERS.get(found[2].upper()) if found else None
    if found is None or month is None:
        raise ParseError("Date expected, as 1-Feb-1994")
    try:
        return date(int(found[3]), month, int(found[1])).toordinal() - _EPOCH
    except ValueError:
        raise ParseError("No such day") from None


def date_time(arguments: Arguments) -> int:
    """``date-time`` as Unix seconds. A leap second counts as the second after it."""
    found = _DATE_TIME.match(arguments.string().decode("ascii", "replace"))
    month = _NUMBERS.get(found[2].upper()) if found else None
    if found is None or month is None:
        raise ParseError('Date and time expected, as "17-Jul-1996 02:44:25 -0700"')
    day, year, hour, minute, second, zone_hour, zone_minute = (int(found[group]) for group in (1, 3, 4, 5, 6, 8, 9))
    if second > 60 or zone_hour > 23 or zone_minute > 59:
        raise ParseError("No such time")
    zone = timezone((-1 if found[7] == "-" else 1) * timedelta(hours=zone_hour, minutes=zone_minute))
    try:
        start = datetime(year, month, day, hour, minute, tzinfo=zone)
    except ValueError:
        raise ParseError("No such time") from None
    return int((start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) + second


def render_date_time(seconds: int) -> bytes:
    """``date-time`` with its quotes, in UTC. Years outside 1 to 9999 are cut to the nearest moment inside."""
    days, rest = divmod(seconds, DAY)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return b'"%b %02d:%02d:%02d +0000"' % (_day(days), hour, minute, second)


@lru_cache(maxsize=4096)
def _day(days: int) -> bytes:
    day = date.fromordinal(min(max(days + _EPOCH, 1), date.max.toordinal()))
    return b"%2d-%b-%04d" % (day.day, _MONTHS[day.month - 1].encode(), day.year)
