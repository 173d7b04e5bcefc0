"""envelope-deliverby: RFC 6009 section 5."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.message import Envelope
from tests.support.sieve import ENVELOPE, NOW, compiled, holds, outcome

PARTS = ("bytimeabsolute", "bytimerelative", "bymode", "bytrace")
IN_TIME = ENVELOPE._replace(deliver_by=NOW + 600, by_mode="R")
LATE = ENVELOPE._replace(deliver_by=NOW - 90, by_mode="NT")


def is_so(test: str, envelope: Envelope, *required: str) -> bool:
    return holds(test, "envelope", "envelope-deliverby", *required, envelope=envelope)


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        (IN_TIME, ("2025-07-15T07:40:00Z", "600", "return", "")),
        (LATE, ("2025-07-15T07:28:30Z", "-90", "notify", "trace")),
        (LATE._replace(by_mode="RT"), ("2025-07-15T07:28:30Z", "-90", "return", "trace")),
        (IN_TIME._replace(by_mode="N"), ("2025-07-15T07:40:00Z", "600", "notify", "")),
    ],
)
def test_values_of_the_parts(envelope: Envelope, expected: tuple[str, ...]) -> None:
    for name, value in zip(PARTS, expected, strict=True):
        assert is_so(f'envelope :is "{name}" "{value}"', envelope)
        assert is_so(f'envelope :is :comparator "i;octet" "{name.upper()}" "{value}"', envelope)


def test_without_by_every_part_fails_unconditionally() -> None:
    for name in PARTS:
        for test in (":is", ":contains", ":matches"):
            for key in ("", "*", "0"):
                assert not is_so(f'envelope {test} "{name}" "{key}"', ENVELOPE)


def test_the_count_is_one_with_by_and_none_without() -> None:
    for name in PARTS:
        assert is_so(f'envelope :count "eq" "{name}" "1"', IN_TIME, "relational")
        assert is_so(f'envelope :count "eq" "{name}" "0"', ENVELOPE, "relational")


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("+0000", "2025-07-15T07:40:00Z"),
        ("+0530", "2025-07-15T13:10:00+05:30"),
        ("-0800", "2025-07-14T23:40:00-08:00"),
    ],
)
def test_zone_shifts_the_absolute_time_alone(zone: str, expected: str) -> None:
    assert is_so(f'envelope :zone "{zone}" "bytimeabsolute" "{expected}"', IN_TIME)
    assert is_so(f'envelope :zone "{zone}" "bytimerelative" "600"', IN_TIME)
    assert is_so(f'envelope :zone "{zone}" "from" "ann@example.org"', IN_TIME)


def test_zone_may_be_a_variable() -> None:
    test = 'envelope :zone "${z}" "bytimeabsolute" "2025-07-15T09:40:00+02:00"'
    required = ("envelope", "envelope-deliverby", "variables")
    assert holds(test, *required, before='set "z" "+0200";', envelope=IN_TIME)
    script = f'require ["envelope-deliverby", "variables"]; set "z" "CET"; if {test} {{ keep; }}'
    assert isinstance(outcome(script, envelope=IN_TIME).error, RunProblem)


@pytest.mark.parametrize(
    "test",
    [
        *[f'envelope {part} "{name}" "x"' for name in PARTS for part in (":all", ":localpart", ":domain")],
        'envelope :zone "CET" "bytimeabsolute" "x"',
        'envelope :zone "Z" "bytimeabsolute" "x"',
        'envelope :zone "+0000" :zone "+0000" "bytimeabsolute" "x"',
        'envelope :originalzone "bytimeabsolute" "x"',
        'envelope "bytime" "x"',
    ],
)
def test_what_makes_no_sense_is_refused(test: str) -> None:
    with pytest.raises(InvalidScript):
        compiled(f'require ["envelope", "envelope-deliverby"]; if {test} {{ keep; }}')


def test_it_must_be_required() -> None:
    for test in (*[f'envelope "{name}" "x"' for name in PARTS], 'envelope :zone "+0000" "from" "x"'):
        with pytest.raises(InvalidScript):
            compiled(f'require ["envelope", "envelope-dsn", "date"]; if {test} {{ keep; }}')


LATE_TEST = (
    'anyof (envelope :contains "bytimerelative" "-",'
    ' envelope :value "eq" :comparator "i;ascii-numeric" "bytimerelative" "0")'
)


@pytest.mark.parametrize(
    ("envelope", "expected"), [(LATE, True), (IN_TIME._replace(deliver_by=NOW), True), (IN_TIME, False)]
)
def test_a_script_can_tell_that_a_letter_is_late(envelope: Envelope, expected: bool) -> None:
    """The ways of section 5.1."""
    assert is_so(LATE_TEST, envelope, "relational", "comparator-i;ascii-numeric") is expected


def test_the_absolute_time_compares_with_the_current_date() -> None:
    """Section 5.1: both are in the server's zone."""
    test = 'envelope :value "ge" "bytimeabsolute" "${now}"'
    required = ("envelope", "envelope-deliverby", "relational", "date", "variables")
    before = 'if currentdate :matches "iso8601" "*" { set "now" "${0}"; }'
    assert holds(test, *required, before=before, envelope=IN_TIME)
    assert not holds(test, *required, before=before, envelope=LATE)
