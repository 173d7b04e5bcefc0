"""What a client may ask of a letter's way beside its envelope: parameters of MAIL.

REQUIRETLS (RFC 8689), HOLDFOR and HOLDUNTIL (RFC 4865), BY (RFC 2852), MT-PRIORITY (RFC 6710).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from shared.protocols.smtp import arguments
from shared.protocols.smtp.errors import argument_error

KNOWN = frozenset({"REQUIRETLS", "HOLDFOR", "HOLDUNTIL", "BY", "MT-PRIORITY"})

_SECONDS = re.compile(r"[0-9]{1,9}")
_BY = re.compile(r"([-+]?[0-9]{1,9});([RN]T?)", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_PRIORITY = re.compile(r"-?[0-9]")


class Terms(NamedTuple):
    """``hold_until`` is Unix seconds, ``hold_for`` and ``by`` seconds from now; None where nothing was asked."""

    require_tls: bool = False
    hold_for: int | None = None
    hold_until: int | None = None
    by: int | None = None
    by_mode: str = ""  # R | N, maybe with T
    priority: int | None = None  # -9 to 9


def parse(given: dict[str, str | None]) -> Terms:
    """The terms among the parameters of MAIL. Raises `CommandError`."""
    if not KNOWN & given.keys():
        return NONE
    if "HOLDFOR" in given and "HOLDUNTIL" in given:
        raise argument_error("HOLDFOR and HOLDUNTIL exclude each other")
    by, mode = _by(arguments.value(given, "BY"))
    return Terms(
        arguments.flag(given, "REQUIRETLS"),
        _number(arguments.value(given, "HOLDFOR"), _SECONDS, "HOLDFOR is a number of seconds"),
        _moment(arguments.value(given, "HOLDUNTIL")),
        by,
        mode,
        _number(arguments.value(given, "MT-PRIORITY"), _PRIORITY, "MT-PRIORITY lies between -9 and 9"),
    )


def _number(value: str, form: re.Pattern[str], problem: str) -> int | None:
    if not value:
        return None
    if not form.fullmatch(value):
        raise argument_error(problem)
    return int(value)


def _moment(value: str) -> int | None:
    """An Internet date-time (RFC 3339)."""
    if not value:
        return None
    try:
        if not _MOMENT.fullmatch(value):
            raise ValueError
        return int(datetime.fromisoformat(value.upper()).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise argument_error("HOLDUNTIL is a date-time of RFC 3339") from error


def _by(value: str) -> tuple[int | None, str]:
    if not value:
        return None, ""
    found = _BY.fullmatch(value)
    if not found:
        raise argument_error("BY is seconds, a semicolon, and R or N")
    seconds, mode = int(found[1]), found[2].upper()
    if seconds <= 0 and mode[0] == "R":
        raise argument_error("BY with R wants more than no time")
    return seconds, mode


NONE = Terms()
