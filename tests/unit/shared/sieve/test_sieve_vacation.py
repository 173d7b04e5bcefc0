"""vacation (RFC 5230)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import Keep, Vacation
from tests.support.sieve import actions, compiled, outcome

KEEP = Keep(implicit=True)


def _vacation(script: str, *more: str) -> Vacation:
    names = ", ".join(f'"{name}"' for name in ("vacation", *more))
    answer, keep = actions(f"require [{names}]; {script}")
    assert keep == KEEP
    assert isinstance(answer, Vacation)
    return answer


def test_vacation_answers_and_keeps() -> None:
    answer = _vacation('vacation "Away.";')
    assert (answer.text, answer.seconds, answer.is_mime) == ("Away.", 7 * 86_400, False)


def test_all_arguments() -> None:
    answer = _vacation(
        'vacation :days 23 :subject "S" :from "me@b.example" :addresses ["a@b.example"] :mime :handle "h" "T";'
    )
    assert answer == Vacation("T", "h", 23 * 86_400, "S", "me@b.example", ("a@b.example",), True)


@pytest.mark.parametrize(("days", "seconds"), [(0, 86_400), (1, 86_400), (500, 90 * 86_400)])
def test_days_are_brought_into_bounds(days: int, seconds: int) -> None:
    assert _vacation(f'vacation :days {days} "x";').seconds == seconds


def test_handles_differ_with_the_answer() -> None:
    one, other = _vacation('vacation "x";'), _vacation('vacation :subject "s" "x";')
    assert one.handle != other.handle
    assert _vacation('vacation :days 3 "x";').handle == one.handle


def test_two_answers_are_an_error() -> None:
    assert isinstance(outcome('require "vacation"; vacation "a"; vacation "b";').error, RunProblem)


def test_days_have_bounds_of_ours() -> None:
    """Section 4.1: the least is above 0, the most above 30."""
    assert _vacation('vacation :days 31 "x";').seconds == 31 * 86_400


def test_other_texts_are_other_answers() -> None:
    """Section 4.2: each has a memory of its own; a handle joins them."""
    plain = [_vacation(f'vacation {tags} "{text}";').handle for tags, text in (("", "a"), ("", "b"), (":mime", "a"))]
    assert len(set(plain)) == 3
    named = {_vacation(f'vacation :handle "h" :subject "{text}" "{text}";').handle for text in "ab"}
    assert named == {"h"}


def test_variables_are_not_filled_in_to_tell_answers_apart() -> None:
    """Section 4.2."""
    handles = {
        _vacation(f'set "s" "{text}"; vacation :subject "Re: ${{s}}" "${{s}}";', "variables").handle for text in "ab"
    }
    assert len(handles) == 1


def test_from_must_be_an_address() -> None:
    """Section 4.3."""
    with pytest.raises(SieveError):
        compiled('require "vacation"; vacation :from "nobody" "x";')
    script = 'require ["vacation", "variables"]; set "a" "nobody"; vacation :from "${a}" "x";'
    assert isinstance(outcome(script).error, RunProblem)
    assert _vacation('vacation :from "Ann <ann@b.example>" "x";').sender == "Ann <ann@b.example>"


def test_it_goes_with_every_action_but_reject() -> None:
    """Section 4.7."""
    for action in ("discard;", "keep;", 'fileinto "A";', 'redirect "a@b.example";'):
        assert outcome(f'require ["vacation", "fileinto"]; vacation "x"; {action}').error is None


def test_a_mime_entity_is_ascii() -> None:
    """Section 5."""
    result = outcome('require "vacation"; vacation :mime "Content-Type: text/plain\r\n\r\nGr\u00fc\u00dfe";')
    assert isinstance(result.error, RunProblem)


def test_what_was_changed_before_is_seen() -> None:
    """RFC 5293 section 7: the header is looked at as the script left it."""
    answer, _ = actions('require ["vacation", "editheader"]; addheader "X" "y"; vacation "x";')
    assert isinstance(answer, Vacation)
    assert answer.content is not None
    assert answer.content.header.startswith(b"X: y\r\n")
