"""reject and ereject (RFC 5429)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import Keep, Reject
from tests.support.sieve import actions, compiled, outcome

KEEP = Keep(implicit=True)


def test_reject_cancels_the_keep() -> None:
    assert actions('require "reject"; reject "No, thanks.";') == (Reject("No, thanks."),)
    assert actions('require "ereject"; ereject "No.";') == (Reject("No.", True),)


@pytest.mark.parametrize(
    "script",
    [
        'keep; reject "x";',
        'fileinto "A"; reject "x";',
        'redirect "a@b.example"; ereject "x";',
        'reject "x"; reject "y";',
        'vacation "x"; reject "y";',
        'reject "y"; vacation "x";',
    ],
)
def test_a_message_is_refused_or_delivered(script: str) -> None:
    result = outcome(f'require ["reject", "ereject", "fileinto", "vacation"]; {script}')
    assert isinstance(result.error, RunProblem)
    assert result.actions == (KEEP,)


def test_it_must_be_required_by_its_own_name() -> None:
    """Section 2.3: reject is never upgraded."""
    for name, other in (("reject", "ereject"), ("ereject", "reject")):
        with pytest.raises(SieveError):
            compiled(f'require "{name}"; {other} "x";')


def test_reason_may_have_lines_and_any_letters() -> None:
    """Sections 2.1 and 2.2: the text is kept as it is."""
    reason = "No.\r\nGr\u00fc\u00dfe"
    assert actions(f'require "reject"; reject "{reason}";') == (Reject(reason),)


def test_discard_goes_with_it() -> None:
    """Section 2.4 names none that it does not go with beyond those that deliver or answer."""
    assert actions('require "reject"; discard; reject "x";') == (Reject("x"),)
