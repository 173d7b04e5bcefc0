"""What a command ends with, whatever it was wrapped in."""

from __future__ import annotations

import pytest
import trio

from services.admin.asking import fail
from services.admin.ungrouped import ungrouped


async def _fail_in_a_nursery() -> None:
    async with trio.open_nursery(), trio.open_nursery():
        raise ConnectionError("gone")


def test_the_first_error_of_a_nursery_is_raised_alone() -> None:
    with pytest.raises(ConnectionError, match="gone"), ungrouped():
        trio.run(_fail_in_a_nursery)


def test_an_exit_code_comes_through() -> None:
    with pytest.raises(SystemExit) as ended, ungrouped():
        fail("no", 77)
    assert ended.value.code == 77
