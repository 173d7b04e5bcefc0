"""redirect-dsn and envelope-dsn: RFC 6009 sections 4 and 6."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.message import Envelope
from shared.sieve.outcome import Redirect
from tests.support.sieve import actions, compiled, holds, outcome

ENVELOPE = Envelope(
    "ann@example.org", "bob@example.net", "", "SUCCESS,FAILURE", "HDRS", "rfc822;bob@old.example", "id-1"
)


@pytest.mark.parametrize(
    ("given", "notify", "ret"),
    [
        ("", "", ""),
        (':notify "NEVER"', "NEVER", ""),
        (':notify "success,Failure , DELAY" :ret "full"', "SUCCESS,FAILURE,DELAY", "FULL"),
        (':ret "HDRS"', "", "HDRS"),
    ],
)
def test_what_the_redirected_message_asks_for(given: str, notify: str, ret: str) -> None:
    script = f'require "redirect-dsn"; redirect {given} "x@example.org";'
    assert actions(script) == (Redirect("x@example.org", None, notify, ret),)


@pytest.mark.parametrize("given", [':notify "NEVER,DELAY"', ':notify "ALWAYS"', ':notify ""', ':ret "BOTH"'])
def test_what_is_no_such_value_is_an_error(given: str) -> None:
    assert isinstance(outcome(f'require "redirect-dsn"; redirect {given} "x@example.org";').error, RunProblem)


def test_it_must_be_required() -> None:
    with pytest.raises(InvalidScript):
        compiled('redirect :notify "NEVER" "x@example.org";')
    with pytest.raises(InvalidScript):
        compiled('require "envelope"; if envelope "notify" "NEVER" { keep; }')


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
