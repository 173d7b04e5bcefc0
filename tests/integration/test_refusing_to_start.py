"""What keeps an installation from starting is said in one line, with an exit code, and nothing is touched."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from services.admin.master.development import PORTS, render_configuration
from tests.support.house import EILPOST, ROOT
from tests.support.ports import free_ports

pytestmark = pytest.mark.integration


def up(
    data: Path, settings: str = "", ports: dict[str, int] | None = None, instead: tuple[str, str] = ("", "")
) -> subprocess.CompletedProcess[str]:
    """``eilpost up`` with ``settings`` behind the usual ones, the first of ``instead`` replaced by the other."""
    data.mkdir(exist_ok=True)
    usual = render_configuration(ports or free_ports(PORTS)).replace(*instead, 1)
    (data / "eilpost.toml").write_text(usual + settings)
    return subprocess.run(
        [*EILPOST, "up", "--development", "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        check=False,
    )


def one_line(text: str) -> str:
    """The only line about it; log lines of processes that were stopped on the way are JSON."""
    said = [line for line in text.splitlines() if not line.startswith("{")]
    assert len(said) == 1, text
    return said[0]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("\n[imap.nonsense]\nkey = 1\n", "imap.nonsense"),
        ('\n[master.replicas]\nimap = "many"\n', "master.replicas.imap"),
        ("\n[master.replicas]\nimap = 1000\n", "master.replicas"),
        ("\n[elsewhere]\nkey = 1\n", "elsewhere"),
        ("\nnot toml at all\n", "eilpost.toml"),
        ("\n[drain]\ntimeout = nan\n", "drain.timeout"),
    ],
)
def test_bad_configuration_names_file_key_and_remedy(tmp_path: Path, settings: str, named: str) -> None:
    result = up(tmp_path / "data", settings)
    assert result.returncode == 78
    line = one_line(result.stderr)
    assert "eilpost.toml" in line
    assert named in line
    assert not (tmp_path / "data" / "storage").exists()


@pytest.mark.parametrize(
    ("instead", "named"),
    [
        (('hostname = "mail.eilpost.test"', 'hostname = "not a host"'), "hostname 'not a host'"),
        (('data = "storage"', 'data = "storage"\ndatabase = "mysql://here"'), "storage.database"),
        (('data = "storage"', 'data = "storage"\nblobs = "ftp://here"'), "storage.blobs"),
    ],
)
def test_what_only_its_service_can_judge_is_told_as_well(
    tmp_path: Path, instead: tuple[str, str], named: str
) -> None:
    folder = tmp_path / "data"
    result = up(folder, instead=instead)
    assert result.returncode == 78
    line = one_line(result.stderr)
    assert str(folder / "eilpost.toml") in line
    assert named in line


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {**free_ports(PORTS), "imap": taken.getsockname()[1]}
        result = up(tmp_path / "data", ports=ports)
    assert result.returncode == 1
    assert f"port {ports['imap']}" in one_line(result.stderr)
    assert not (tmp_path / "data" / "storage").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    obstacle = tmp_path / "data"
    obstacle.mkdir()
    (obstacle / "storage").write_text("a file where the folder should be")
    result = up(obstacle)
    assert result.returncode == 1
    assert str(obstacle / "storage") in one_line(result.stderr)
    assert (obstacle / "storage").read_text() == "a file where the folder should be"


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "storage"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "eilpost.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()
    before = (folder / "eilpost.db").read_bytes()
    result = up(tmp_path / "data")
    assert result.returncode == 1
    assert "newer" in one_line(result.stderr)
    assert (folder / "eilpost.db").read_bytes() == before


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        up(tmp_path / "data", ports={**free_ports(PORTS), "imap": taken.getsockname()[1]})
    found = [
        path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.suffix in (".password", ".conf")
    ]
    found += [tmp_path / "data" / "tls" / "key.pem"]
    for path in found:
        assert os.stat(path).st_mode & 0o077 == 0, path
