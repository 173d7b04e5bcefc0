"""redirect-dsn (RFC 6009 section 6)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.outcome import Redirect
from tests.support.sieve import actions, compiled, outcome


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
