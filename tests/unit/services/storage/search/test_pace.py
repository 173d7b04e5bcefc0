"""How the indexer makes room for others."""

from __future__ import annotations

import pytest

from services.storage.config import Search
from services.storage.search.pace import Pace

USUAL = Search()


def test_it_is_fast_once_it_sees_that_few_ask() -> None:
    pace = Pace(USUAL)
    assert pace.batch < USUAL.batch
    for _ in range(10):
        pace.asked(1, 0.1)
    assert pace.batch == USUAL.batch
    assert pace.rest(0.02, 1_000_000) == USUAL.pause


@pytest.mark.parametrize(("behind", "rest"), [(1, 0.19), (20_000, 0.19), (20_001, 0.01)])
def test_it_takes_a_share_of_the_time_in_small_steps_while_many_ask(behind: int, rest: float) -> None:
    pace = Pace(USUAL)
    pace.asked(300, 1.0)
    assert pace.rest(0.01, behind) == pytest.approx(rest)
    assert pace.batch < USUAL.batch


def test_one_moment_is_not_the_rule() -> None:
    pace = Pace(USUAL)
    pace.asked(1, 1.0)
    pace.asked(3, 0.01)
    assert pace.batch == USUAL.batch
    pace.asked(300, 1.0)
    pace.asked(0, 0.01)
    assert pace.batch < USUAL.batch


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match="share"):
        Search(share=0.0)
