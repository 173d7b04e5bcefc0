"""redirect-deliverby: RFC 6009 section 7."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.outcome import Redirect
from tests.support.sieve import NOW, actions, compiled, outcome


def redirected(tags: str) -> tuple[float, str]:
    """Seconds from now, and the mode."""
    (action,) = actions(f'require "redirect-deliverby"; redirect {tags} "x@example.org";')
    assert isinstance(action, Redirect)
    return action.deliver_by - NOW, action.by_mode


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (":bytimerelative 600", (600.0, "R")),
        (':bytimerelative 600 :bymode "RETURN"', (600.0, "R")),
        (':bytimerelative 600 :bymode "notify" :bytrace', (600.0, "NT")),
        (':bytimeabsolute "2025-07-15T07:40:00Z"', (600.0, "R")),
        (':bytimeabsolute "2025-07-15T09:40:00+02:00" :bytrace', (600.0, "RT")),
        (':bytimeabsolute "2025-07-15T07:20:00Z" :bymode "notify"', (-600.0, "N")),  # a notice may be late already
    ],
)
def test_times_and_modes(tags: str, expected: tuple[float, str]) -> None:
    assert redirected(tags) == expected


@pytest.mark.parametrize(
    "tags",
    [
        ":bytimerelative 0",  # :bymode is "return" without one
        ':bytimerelative 0 :bymode "return"',
        ':bytimeabsolute "2025-07-15T07:20:00Z" :bymode "return"',
        ':bytimeabsolute "tomorrow"',
        ':bytimeabsolute "2025-13-15T07:20:00Z"',
        ':bytimerelative 5 :bymode "drop"',
    ],
)
def test_what_can_not_be_is_an_error(tags: str) -> None:
    assert isinstance(outcome(f'require "redirect-deliverby"; redirect {tags} "x@example.org";').error, RunProblem)


@pytest.mark.parametrize(
    "tags",
    [
        ':bymode "return"',
        ":bytrace",
        ':bytimerelative 5 :bytimeabsolute "2025-07-15T07:20:00Z"',
        ":bytimerelative 1G",
    ],
)
def test_what_makes_no_sense_is_refused(tags: str) -> None:
    with pytest.raises(InvalidScript):
        compiled(f'require "redirect-deliverby"; redirect {tags} "x@example.org";')
