"""How the indexer makes room for others."""

from __future__ import annotations

import pytest

from services.storage.config import Search
from services.storage.search.pace import Pace


def test_it_goes_on_while_nobody_is_disturbed() -> None:
    pace = Pace(Search())
    assert pace.rest(0.02, 1_000_000, disturbs=False) == 0
    assert pace.batch == Search().batch


@pytest.mark.parametrize(("behind", "rest"), [(1, 0.19), (20_000, 0.19), (20_001, 0.01)])
def test_it_takes_a_share_of_the_time_in_small_steps(behind: int, rest: float) -> None:
    pace = Pace(Search())
    assert pace.rest(0.01, behind, disturbs=True) == pytest.approx(rest)
    assert pace.batch < Search().batch


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match="share"):
        Search(share=0.0)
