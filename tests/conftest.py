"""What all tests share: how hard property tests try, and one running installation."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import postgresql
from tests.support.databases import Places
from tests.support.house import AttachedHouse, House, running_house
from tests.support.objects import S3Server, running_s3

settings.register_profile("test", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("EILPOST_HYPOTHESIS", "test"))


# Whoever ends a run ends the installations that it has started, too.
signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-engine", action="store_true", help="run all tests of storage on PostgreSQL too")


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """A whole installation with two processes of SMTP and of IMAP; real processes, the real bus.

    Where EILPOST_HOUSE names the folder of one that runs already, it is that.
    """
    if running := os.environ.get("EILPOST_HOUSE"):
        yield AttachedHouse(Path(running))
        return
    with running_house(replicas={"smtp": 2, "imap": 2}) as started:
        yield started


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that stays up; every test has a prefix of its own."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Places]:
    """A PostgreSQL server, and databases on it."""
    if why := postgresql.missing():
        pytest.skip(why)
    with postgresql.running_postgres() as server:
        yield Places(server)
