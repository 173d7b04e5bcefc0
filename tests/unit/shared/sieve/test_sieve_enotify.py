"""enotify (RFC 5435) with mailto (RFC 5436)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import Keep, Notify, Reject
from tests.support.sieve import actions, compiled, holds, outcome

KEEP = Keep(implicit=True)


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


@pytest.mark.parametrize(
    "method",
    [
        "tel:1",  # section 3.2: an unknown scheme
        "mailto:not an address",
        "mailto:a@b.example,c",
        "mailto:?subject=x",
        "mailto:" + ",".join(f"a{number}@b.example" for number in range(5)),
    ],
)
def test_bad_methods_are_an_error_and_the_tests_say_so(method: str) -> None:
    """Sections 3.2, 4 and 5: one and the same check."""
    script = f'require ["enotify", "variables"]; set "m" "{method}"; notify "${{m}}";'
    assert outcome(script).error is not None
    assert not holds(f'valid_notify_method "{method}"', "enotify")
    assert not holds(f'notify_method_capability "{method}" "online" ["yes", "no", "maybe"]', "enotify")


def test_from_is_checked() -> None:
    """Section 3.3."""
    with pytest.raises(SieveError):
        compiled('require "enotify"; notify :from "nobody" "mailto:a@b.example";')


def test_importance_is_2_unless_said() -> None:
    """Section 3.4."""
    (notify, _) = actions('require "enotify"; notify "mailto:a@b.example";')
    assert isinstance(notify, Notify)
    assert notify.importance == 2


def test_it_cancels_nothing_and_goes_with_everything() -> None:
    """Section 7."""
    script = 'require ["enotify", "reject"]; notify "mailto:a@b.example"; reject "x";'
    assert [type(one) for one in actions(script)] == [Notify, Reject]


def test_the_same_notification_twice_is_one() -> None:
    """RFC 5436 section 2.7."""
    assert len(actions('require "enotify";' + 'notify "mailto:a@b.example";' * 2)) == 2


def test_options_of_the_script_are_carried() -> None:
    """Section 3.5: methods ignore what they do not know."""
    (notify, _) = actions('require "enotify"; notify :options ["a=b"] "mailto:a@b.example";')
    assert isinstance(notify, Notify)
    assert notify.options == ("a=b",)
