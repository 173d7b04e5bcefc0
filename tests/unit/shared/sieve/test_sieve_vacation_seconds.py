"""vacation-seconds (RFC 6131)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import Keep, Vacation
from tests.support.sieve import actions, compiled

KEEP = Keep(implicit=True)


def _vacation(script: str, *more: str) -> Vacation:
    names = ", ".join(f'"{name}"' for name in ("vacation", *more))
    answer, keep = actions(f"require [{names}]; {script}")
    assert keep == KEEP
    assert isinstance(answer, Vacation)
    return answer


def test_seconds() -> None:
    assert _vacation('vacation :seconds 1800 "x";', "vacation-seconds").seconds == 1800
    assert _vacation('vacation :seconds 0 "x";', "vacation-seconds").seconds == 0
    with pytest.raises(SieveError):
        compiled('require "vacation-seconds"; vacation :seconds 3 :days 3 "x";')
    with pytest.raises(SieveError):
        compiled('require "vacation"; vacation :seconds 3 "x";')


@pytest.mark.parametrize("seconds", [0, 1, 86_400, 2**31])
def test_all_values_are_taken(seconds: int) -> None:
    """Section 2: without an error, at most our own maximum, which is above a day."""
    assert _vacation(f'vacation :seconds {seconds} "x";', "vacation-seconds").seconds == min(seconds, 90 * 86_400)


def test_it_brings_vacation() -> None:
    """Section 5.1."""
    compiled('require "vacation-seconds"; vacation :seconds 1 "x";')
