"""What all tests share: how hard property tests try, and one running installation."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.house import House, running_house

settings.register_profile("test", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("EILPOST_HYPOTHESIS", "test"))


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """A whole installation with two processes of SMTP and of IMAP; real processes, the real bus."""
    with running_house(replicas={"smtp": 2, "imap": 2}) as started:
        yield started
