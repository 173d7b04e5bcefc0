"""`eilpost migrate`: the schema is made or brought up to date without storage, and a newer one is left alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from services.storage.migrations.run import LATEST
from tests.support import databases
from tests.support.house import EILPOST, ROOT

pytestmark = pytest.mark.integration


def migrate(database: str, tmp: Path) -> subprocess.CompletedProcess[str]:
    """Run as the chart's job does: without a file, told where the database is by a secret."""
    secret = tmp / "url"
    secret.write_text(database)
    environment = {**os.environ, "EILPOST_CONFIG": "", "EILPOST_STORAGE__DATABASE_FILE": str(secret)}
    return subprocess.run(
        [*EILPOST, "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_empty_database_gets_its_schema_once(tmp_path: Path) -> None:
    url = databases.url_in(tmp_path) or f"sqlite:///{tmp_path / 'eilpost.db'}"
    assert migrate(url, tmp_path).stdout == f"schema {LATEST}: brought up to date\n"
    assert migrate(url, tmp_path).stdout == f"schema {LATEST}: nothing to do\n"


@pytest.mark.parametrize("place", [Path("var/eilpost.toml"), Path("eilpost.toml")])
def test_the_configuration_is_the_one_that_all_commands_find(tmp_path: Path, place: Path) -> None:
    config = tmp_path / place
    config.parent.mkdir(exist_ok=True)
    config.write_text('[storage]\ndatabase = "mysql://host/name"\n')
    named = "" if place.parent.name else str(config)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EILPOST_CONFIG": named}
    done = subprocess.run(
        [*EILPOST, "migrate"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert "mysql" in done.stderr


def test_what_cannot_be_migrated_is_said_in_a_line(tmp_path: Path) -> None:
    for url, code in (("postgresql://eilpost@127.0.0.1:9/none", 1), ("mysql://host/name", 78)):
        done = migrate(url, tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
