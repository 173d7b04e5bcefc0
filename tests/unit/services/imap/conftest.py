"""The stage as a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.support.storage import Store
from tests.unit.services.imap.stage import Stage, stage_settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture
async def stage(nursery: trio.Nursery, store: Store) -> Stage:
    return Stage(nursery, store, stage_settings(), None)
