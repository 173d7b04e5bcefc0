"""Dates of header fields (RFC 5322 section 3.3, obsolete forms included) to Unix seconds and back."""

from __future__ import annotations

_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ZONES = {
    b"ut": 0, b"utc": 0, b"gmt": 0, b"z": 0,
    b"est": -18000, b"edt": -14400, b"cst": -21600, b"cdt": -18000,
    b"mst": -25200, b"mdt": -21600, b"pst": -28800, b"pdt": -25200,
}  # fmt: skip
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY = 86_400
_MAX = 200  # octets of a date that are read


def parse_date(value: bytes) -> int | None:
    """Unix seconds of a Date header's value, or None when it cannot be read.

    Years of two digits are completed as RFC 5322 section 4.3 says; an unknown zone is UTC.
    """
    day_zone = parse_day(value)
    if day_zone is None:
        return None
    days, seconds, offset = day_zone
    return days * _DAY + seconds - offset


def parse_day(value: bytes) -> tuple[int, int, int] | None:
    """What the date says, its zone aside: days since 1970-01-01, seconds of the day, the zone's offset in seconds.

    IMAP's SENTBEFORE, SENTON and SENTSINCE compare the day alone (RFC 9051 section 6.4.4).
    """
    words = value[:_MAX].lower().replace(b",", b" ").split()
    if words and not words[0][:1].isdigit():
        del words[0]
    if words and b"-" in words[0]:
        words[:1] = words[0].split(b"-")
    if len(words) < 4:
        return None
    month = _MONTHS.get(words[1][:3])
    seconds = _time(words[3])
    if not words[0].isdigit() or month is None or seconds is None:
        return None
    year = _year(words[2])
    day = int(words[0]) if len(words[0]) <= 2 else 0
    if year is None or not 1 <= day <= _LENGTHS[month - 1]:
        return None
    return days_from_civil(year, month, day), seconds, _zone(words[4]) if len(words) > 4 else 0


def format_date(at: int) -> str:
    """``at`` (Unix seconds) as in ``Tue, 15 Jul 2025 09:30:00 +0000``."""
    days, seconds = divmod(at, _DAY)
    year, month, day = civil_from_days(days)
    return (
        f"{_DAY_NAMES[(days + 3) % 7]}, {day} {_MONTH_NAMES[month - 1]} {year:04} "
        f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02} +0000"
    )


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of ``days`` since 1970-01-01."""
    days += 719_468
    era = days // 146_097
    of_era = days - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def _year(word: bytes) -> int | None:
    if not word.isdigit() or not 2 <= len(word) <= 4:
        return None
    year = int(word)
    if len(word) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(word) == 3 else year


def _time(word: bytes) -> int | None:
    parts = word.replace(b".", b":").split(b":")
    if not 2 <= len(parts) <= 3 or not all(part.isdigit() and len(part) <= 2 for part in parts):
        return None
    hour, minute = int(parts[0]), int(parts[1])
    second = int(parts[2]) if len(parts) == 3 else 0
    if hour > 23 or minute > 59 or second > 60:
        return None
    return hour * 3600 + minute * 60 + second


def _zone(word: bytes) -> int:
    digits = word[1:]
    if len(digits) == 4 and digits.isdigit() and word[:1] in (b"+", b"-"):
        offset = (int(digits[:2]) * 60 + int(digits[2:])) * 60
        return -offset if word[:1] == b"-" else offset
    return _ZONES.get(word, 0)
