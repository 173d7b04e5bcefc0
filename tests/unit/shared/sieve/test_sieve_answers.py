"""vacation, vacation-seconds, fcc, reject, ereject, enotify: what goes back to somebody."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import FileInto, Keep, Notify, Reject, Vacation
from tests.support.sieve import actions, compiled, holds, outcome

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


def test_seconds() -> None:
    assert _vacation('vacation :seconds 1800 "x";', "vacation-seconds").seconds == 1800
    assert _vacation('vacation :seconds 0 "x";', "vacation-seconds").seconds == 0
    with pytest.raises(SieveError):
        compiled('require "vacation-seconds"; vacation :seconds 3 :days 3 "x";')
    with pytest.raises(SieveError):
        compiled('require "vacation"; vacation :seconds 3 "x";')


def test_handles_differ_with_the_answer() -> None:
    one, other = _vacation('vacation "x";'), _vacation('vacation :subject "s" "x";')
    assert one.handle != other.handle
    assert _vacation('vacation :days 3 "x";').handle == one.handle


def test_two_answers_are_an_error() -> None:
    assert isinstance(outcome('require "vacation"; vacation "a"; vacation "b";').error, RunProblem)


def test_fcc() -> None:
    answer = _vacation('vacation :fcc "Sent" :flags "\\\\Seen" "x";', "fcc", "imap4flags")
    assert answer.fcc == FileInto("Sent", ("\\Seen",))
    with pytest.raises(SieveError):
        compiled('require ["vacation", "fcc", "mailbox"]; vacation :create "x";')


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


def test_notify() -> None:
    script = 'notify :importance "1" :message "New mail" :from "me@b.example" "mailto:a@b.example?x-y=1";'
    assert actions(f'require "enotify"; {script}') == (
        Notify("mailto:a@b.example?x-y=1", "New mail", "me@b.example", 1),
        KEEP,
    )


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('valid_notify_method "mailto:a@b.example"', True),
        ('valid_notify_method ["mailto:a@b.example", "xmpp:a@b.example"]', False),
        ('valid_notify_method "mailto:"', False),
        ('valid_notify_method "mailto:a%40b.example"', True),
        ('notify_method_capability "mailto:a@b.example" "Online" "maybe"', True),
        ('notify_method_capability "mailto:a@b.example" "fax" "maybe"', False),
        ('notify_method_capability "tel:1" "online" "maybe"', False),
    ],
)
def test_methods(test: str, is_true: bool) -> None:
    assert holds(test, "enotify") is is_true


def test_unknown_methods_and_importances_are_refused() -> None:
    for command in ('notify "xmpp:a@b.example";', 'notify :importance "4" "mailto:a@b.example";'):
        with pytest.raises(SieveError):
            compiled(f'require "enotify"; {command}')


def test_encodeurl() -> None:
    before = 'set :encodeurl "a" "a b&é~";'
    assert holds('string :is :comparator "i;octet" "${a}" "a%20b%26%C3%A9~"', "variables", "enotify", before=before)
