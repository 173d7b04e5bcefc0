"""ereject (RFC 5429 section 2.1); what it shares with reject stands in `test_sieve_reject`."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import Keep, Reject
from tests.support.sieve import actions, compiled, outcome


def test_ereject_cancels_the_keep_and_wants_the_dialogue() -> None:
    """Section 2.1: refused during the SMTP transaction where that is possible."""
    assert actions('require "ereject"; ereject "No.";') == (Reject("No.", in_protocol=True),)


def test_reason_may_be_other_than_ascii() -> None:
    """Section 2.1.2: who carries it out falls back to a report where the dialogue cannot say it."""
    assert actions('require "ereject"; ereject "Grüße";') == (Reject("Grüße", in_protocol=True),)


def test_reason_may_hold_variables() -> None:
    script = 'require ["ereject", "variables"]; set "why" "full"; ereject "I am ${why}.";'
    assert actions(script) == (Reject("I am full.", in_protocol=True),)


@pytest.mark.parametrize(
    "other", ["keep;", 'fileinto "A";', 'redirect "a@b.example";', 'vacation "x";', 'reject "x";']
)
def test_it_goes_with_nothing_that_delivers_or_answers(other: str) -> None:
    """Section 2.4, whichever comes first."""
    for script in (f'{other} ereject "x";', f'ereject "x"; {other}'):
        result = outcome(f'require ["reject", "ereject", "fileinto", "vacation"]; {script}')
        assert isinstance(result.error, RunProblem), script
        assert result.actions == (Keep(implicit=True),)


def test_it_takes_one_string() -> None:
    for script in ("ereject;", 'ereject ["a"];', 'ereject "a" "b";'):
        with pytest.raises(SieveError):
            compiled(f'require "ereject"; {script}')
