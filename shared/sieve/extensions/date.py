"""date (RFC 5260): ``date`` and ``currentdate``. The server's own zone is UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from shared.mail.dates import civil_from_days, format_date, parse_day
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.occurrences import chooser
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve

ZONE = TagRow("zone", Value.STRING, "zone")
_OFFSET = re.compile(r"([+-])([0-9]{2})([0-5][0-9])\Z")
_DAY = 86_400
_JULIAN = 40_587  # Modified Julian Day of 1970-01-01


class Moment(NamedTuple):
    """Local time: days since 1970-01-01, seconds of the day, and the zone's offset in seconds."""

    days: int
    seconds: int
    offset: int

    def shifted(self, offset: int) -> Moment:
        """The same moment in another zone."""
        days, seconds = divmod(self.days * _DAY + self.seconds - self.offset + offset, _DAY)
        return Moment(days, seconds, offset)


def moment(at: float) -> Moment:
    """``at`` (Unix seconds) in UTC."""
    return Moment(*divmod(int(at), _DAY), 0)


def zone_offset(text: str) -> int:
    """Seconds of ``+hhmm``. Raises `RunProblem`."""
    match = _OFFSET.match(text)
    if match is None:
        raise RunProblem(f"{text[:20]!r} is no time zone")
    offset = (int(match[2]) * 60 + int(match[3])) * 60
    return -offset if match[1] == "-" else offset


def _zone(moment: Moment) -> str:
    sign, offset = ("-", -moment.offset) if moment.offset < 0 else ("+", moment.offset)
    return f"{sign}{offset // 3600:02}{offset // 60 % 60:02}"


def _clock(moment: Moment) -> str:
    return f"{moment.seconds // 3600:02}:{moment.seconds // 60 % 60:02}:{moment.seconds % 60:02}"


def _date(moment: Moment) -> str:
    year, month, day = civil_from_days(moment.days)
    return f"{year:04}-{month:02}-{day:02}"


def _iso8601(moment: Moment) -> str:
    zone = _zone(moment)
    return f"{_date(moment)}T{_clock(moment)}{'Z' if not moment.offset else zone[:3] + ':' + zone[3:]}"


def _std11(moment: Moment) -> str:
    return format_date(moment.days * _DAY + moment.seconds).removesuffix("+0000") + _zone(moment)


PARTS: dict[str, Callable[[Moment], str]] = {
    "year": lambda moment: f"{civil_from_days(moment.days)[0]:04}",
    "month": lambda moment: f"{civil_from_days(moment.days)[1]:02}",
    "day": lambda moment: f"{civil_from_days(moment.days)[2]:02}",
    "date": _date,
    "julian": lambda moment: str(moment.days + _JULIAN),
    "hour": lambda moment: f"{moment.seconds // 3600:02}",
    "minute": lambda moment: f"{moment.seconds // 60 % 60:02}",
    "second": lambda moment: f"{moment.seconds % 60:02}",
    "time": _clock,
    "iso8601": _iso8601,
    "std11": _std11,
    "zone": _zone,
    "weekday": lambda moment: str((moment.days + 4) % 7),
}


def _part(arguments: Arguments, index: int) -> Callable[[Run, Moment], str | None]:
    (text,) = arguments.texts(index)
    if isinstance(text, str) and text.lower() not in PARTS:
        raise arguments.fail(f"{text[:20]!r} is no part of a date")

    def part(run: Run, moment: Moment) -> str | None:
        render = PARTS.get(resolve(text, run).lower())
        return None if render is None else render(moment)

    return part


def in_zone(arguments: Arguments) -> Callable[[Run, Moment], Moment]:
    """A moment in the zone that ``:zone`` or ``:originalzone`` ask for, in the server's without them."""
    named = arguments.tag_texts("zone")
    if arguments.has("originalzone"):
        return lambda run, moment: moment
    if named is None:
        return lambda run, moment: moment.shifted(0)
    if isinstance(named[0], str):
        try:
            zone_offset(named[0])
        except RunProblem as problem:
            raise arguments.fail(problem.problem) from problem
    return lambda run, moment: moment.shifted(zone_offset(resolve(named[0], run)))


def _read(value: bytes) -> Moment | None:
    """The date that ends a field, alone or behind a semicolon (RFC 5260 section 4)."""
    found = parse_day(value.rpartition(b";")[2].strip())
    if found is None:
        return None
    moment = Moment(*found)
    day = moment.days
    year, month, number = civil_from_days(day)
    words = [int(word) for word in re.findall(rb"(?<![0-9:])[0-9]{1,2}(?![0-9:])", value.rpartition(b";")[2])]
    is_real = not words or words[0] == number  # 30 February has become another day
    return moment if is_real and year >= 0 and month else None


def _date_test(arguments: Arguments) -> TestFunction:
    (name,), part = arguments.texts(0), _part(arguments, 1)
    matcher, shift, choose = arguments.matcher(arguments.texts(2)), in_zone(arguments), chooser(arguments)

    def test(run: Run) -> bool:
        values = run.message.raw_values(resolve(name, run))
        chosen = values[:1] if choose is None else choose(values)
        found = _read(chosen[0]) if chosen else None
        if found is None:
            return matcher(run, ()) if arguments.is_count else False
        text = part(run, shift(run, found))
        return text is not None and matcher(run, (text,))

    return test


def _current(arguments: Arguments) -> TestFunction:
    part, matcher, shift = _part(arguments, 0), arguments.matcher(arguments.texts(1)), in_zone(arguments)

    def test(run: Run) -> bool:
        text = part(run, shift(run, moment(run.context.now)))
        return text is not None and matcher(run, (text,))

    return test


EXTENSION = Extension(
    "date",
    tests=(
        TestRow(
            "date",
            _date_test,
            (Value.STRING, Value.STRING, Value.STRINGS),
            (ZONE, TagRow("originalzone", None, "zone")),
            matches=True,
        ),
        TestRow("currentdate", _current, (Value.STRING, Value.STRINGS), (ZONE,), matches=True),
    ),
)
