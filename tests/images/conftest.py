"""One installation in containers for all tests here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.images.composition import Composition
from tests.support.house import until

START_SECONDS = 400.0  # on a machine that others use as well
ACCOUNTS = tuple(f"ada{number}@example.org" for number in range(6))
PASSWORD = "password-of-a-container"


@pytest.fixture(scope="session")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composition]:
    """Started, healthy, with a domain and `ACCOUNTS`; taken down with its volumes afterwards."""
    if not _works("docker", "info"):
        pytest.skip("no docker daemon answers, and none can be started here")
    program = next((each for each in (("docker", "compose"), ("docker-compose",)) if _works(*each, "version")), None)
    if program is None:
        pytest.skip("nothing here runs compose files")
    made = Composition(tmp_path_factory.mktemp("containers"), program)
    for image in made.images():
        if not _works("docker", "image", "inspect", image):
            pytest.skip(f"there is no image {image}: `make images` makes it")
    try:
        made.compose("up", "--detach", "--no-build")
        until(
            lambda: set(made.health().values()) == {"healthy"},
            START_SECONDS,
            lambda: made.compose("logs", "--tail", "5"),
        )
        made.eilpost("domain", "add", "example.org")
        for account in ACCOUNTS:
            made.eilpost("user", "add", account, "--password-stdin", stdin=PASSWORD)
        yield made
    finally:
        made.compose("down", "--volumes")


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except OSError:
        return False
