"""What ``redirect`` asks of the next server: status notifications and deliver-by (RFC 6009 sections 6 and 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from shared.mail.dates import days_from_civil
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.run import Run
from shared.sieve.text import Text, resolve

_NOTIFY = ("NEVER", "SUCCESS", "FAILURE", "DELAY")
_RETURN = ("FULL", "HDRS")
_MODES = ("NOTIFY", "RETURN")
_MOST = 999_999_999  # seconds (RFC 2852 section 4)
_MOMENT = re.compile(
    r"([0-9]{4})-([01][0-9])-([0-3][0-9])[Tt]([0-2][0-9]):([0-5][0-9]):([0-6][0-9])(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-5][0-9]))\Z"
)


class Demands(NamedTuple):
    """``notify`` is words joined by commas, ``deliver_by`` Unix seconds."""

    notify: str = ""
    ret: str = ""
    deliver_by: float = 0.0
    by_mode: str = ""


def demands(arguments: Arguments) -> Callable[[Run], Demands]:
    """The demands that the tags name, as they stand when the action is met."""
    notify, ret, mode, absolute = (_text(arguments, tag) for tag in ("notify", "ret", "bymode", "bytimeabsolute"))
    relative, traces = arguments.tag_number("bytimerelative"), arguments.has("bytrace")
    is_timed = relative is not None or absolute is not None
    if not is_timed and (mode is not None or traces):
        raise arguments.fail(":bymode and :bytrace need a time")
    if relative is not None and relative > _MOST:
        raise arguments.fail(f":bytimerelative is at most {_MOST} seconds")

    def read(run: Run) -> Demands:
        words = "" if notify is None else _notify(resolve(notify, run))
        returned = "" if ret is None else _one_of(resolve(ret, run), _RETURN)
        if not is_timed:
            return Demands(words, returned)
        at = (
            run.context.now + relative
            if relative is not None
            else _moment("" if absolute is None else resolve(absolute, run))
        )
        way = "RETURN" if mode is None else _one_of(resolve(mode, run), _MODES)
        if way == "RETURN" and at <= run.context.now:
            raise RunProblem("a message that is to be returned needs a time that is still to come")
        return Demands(words, returned, at, way[0] + ("T" if traces else ""))

    return read


def _text(arguments: Arguments, tag: str) -> Text | None:
    given = arguments.tag_texts(tag)
    return None if given is None else given[0]


def _notify(text: str) -> str:
    """NEVER, or some of the others (RFC 3461 section 4.1). Raises `RunProblem`."""
    words = [_one_of(word.strip(), _NOTIFY) for word in text.split(",")]
    if "NEVER" in words and len(words) > 1:
        raise RunProblem("NEVER stands alone")
    return ",".join(dict.fromkeys(words))


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text.upper() not in words:
        raise RunProblem(f"{text[:60]!r} is none of {', '.join(words)}")
    return text.upper()


def _moment(text: str) -> float:
    """Unix seconds of a restricted ISO 8601 date (RFC 3339 section 5.6)."""
    match = _MOMENT.match(text)
    if match is None:
        raise RunProblem(f"{text[:60]!r} is no date and time")
    year, month, day, hours, minutes, seconds = (int(match[place]) for place in range(1, 7))
    if not (1 <= month <= 12 and 1 <= day <= 31 and hours < 24):
        raise RunProblem(f"{text[:60]!r} is no date and time")
    offset = (int(match[8]) * 60 + int(match[9])) * 60 * (-1 if match[7] == "-" else 1) if match[7] else 0
    return float(days_from_civil(year, month, day) * 86_400 + hours * 3_600 + minutes * 60 + seconds - offset)
