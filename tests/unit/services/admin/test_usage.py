"""Wrong calls of `eilpost`: one line and an exit code of sysexits, like every other error."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.admin.__main__ import main
from tests.support.house import EILPOST, ROOT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nonsense", "eilpost: No such command 'nonsense' (see eilpost --help)\n"),
        ("domain add", "eilpost: Missing argument 'DOMAIN' (see eilpost domain add --help)\n"),
        ("queue list --state odd", "eilpost: Invalid value for '--state': 'odd' is not one of"),
        ("serve", "eilpost: Missing argument"),
        ("trace x --limit 0", "eilpost: Invalid value for '--limit'"),
        ("user set ann@example.org", "eilpost: name what to set"),
        ("user add ann@example.org", "eilpost: nobody is there to be asked"),
        ("queue drop", "eilpost: name a letter, a filter"),
    ],
)
def test_a_wrong_call_is_one_line_and_64(arguments: str, said: str) -> None:
    result = CliRunner().invoke(main, arguments.split(), prog_name="eilpost")
    assert (result.exit_code, result.stdout) == (64, "")
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1


def test_a_family_of_commands_alone_tells_them() -> None:
    result = CliRunner().invoke(main, ["domain"], prog_name="eilpost")
    assert result.exit_code == 64
    assert "Commands:" in result.stderr


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_what_is_asked_for_is_no_error(asked: str) -> None:
    result = CliRunner().invoke(main, [asked], prog_name="eilpost")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_file_of_accounts_that_cannot_be_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["user", "import", f"{tmp_path}/nothing"])
    assert (result.exit_code, result.stderr) == (66, f"eilpost: {tmp_path}/nothing: No such file or directory\n")


def test_who_asks_while_nothing_runs_hears_of_it_at_once(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{nobody.getsockname()[1]}"
        file = tmp_path / "eilpost.toml"
        file.write_text(f'[bus]\nurl = ["{url}"]\npassword = "x"\n')
        for command in (["status", "--json"], ["verify"]):
            began = time.monotonic()
            # In a process of its own, since it sets up the log.
            result = subprocess.run(
                [*EILPOST, *command, "--config", str(file)], capture_output=True, text=True, cwd=ROOT, check=False
            )
            assert (result.returncode, result.stdout) == (69, "")
            assert result.stderr.startswith("eilpost: no connection to the bus: ")
            assert time.monotonic() - began < 30  # verify.step alone would be waited for twice as long
