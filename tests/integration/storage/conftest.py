"""Each test of storage can run on both engines, unless it is marked ``sqlite`` (or its module is).

All run on SQLite; on PostgreSQL those of `SHOWN`, and with ``--every-engine`` (`make test-postgresql`) all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.imap_events import keep_script, watch
from tests.support.storage import Store

ENGINES = ("sqlite", "postgresql")
SHOWN = ("test_deliver", "test_spool", "test_writer")  # modules where most statements run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marks = [mark.name for mark in metafunc.definition.iter_markers()]
    if "engine" not in metafunc.fixturenames:
        return
    wanted = [name for name in ENGINES if name in marks] or list(ENGINES)
    shown = metafunc.module.__name__.rpartition(".")[2] in SHOWN or metafunc.config.getoption("every_engine")
    metafunc.parametrize("engine", wanted if shown or "postgresql" in marks else ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the engine that `tests.support.databases.url_in` speaks of."""
    name: str = getattr(request, "param", "sqlite")  # a test case of unittest takes no parameter
    if name == "sqlite":
        yield name
        return
    with databases.on_postgresql(request.getfixturevalue("postgres")):
        yield name


@pytest.fixture
def store(tmp_path: Path, engine: str) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


@pytest.fixture
def watched(store: Store) -> Store:
    """Bob's INBOX, with a script."""
    keep_script(store)
    watch(store)
    return store
