"""envelope-dsn (RFC 6009 section 4)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript
from shared.sieve.message import Envelope
from tests.support.sieve import compiled, holds

ENVELOPE = Envelope(
    "ann@example.org", "bob@example.net", "", "SUCCESS,FAILURE", "HDRS", "rfc822;bob@old.example", "id-1"
)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('envelope "notify" "SUCCESS"', True),  # each word is a value of its own
        ('envelope "notify" "NEVER"', False),
        ('envelope "ret" "HDRS"', True),
        ('envelope :matches "orcpt" "rfc822;*@old.example"', True),
        ('envelope "envid" "id-1"', True),
    ],
)
def test_parts_of_the_envelope(test: str, expected: bool) -> None:
    assert holds(test, "envelope-dsn", envelope=ENVELOPE) is expected


def test_parts_that_were_not_given_match_nothing() -> None:
    for name in ("notify", "ret", "orcpt", "envid"):
        assert not holds(f'envelope :contains "{name}" ""', "envelope-dsn")


def test_these_parts_are_no_addresses() -> None:
    with pytest.raises(InvalidScript, match="no address"):
        compiled('require "envelope-dsn"; if envelope :domain "orcpt" "x" { keep; }')


def test_it_must_be_required() -> None:
    for name in ("notify", "ret", "orcpt", "envid"):
        with pytest.raises(InvalidScript):
            compiled(f'require "envelope"; if envelope "{name}" "NEVER" {{ keep; }}')
