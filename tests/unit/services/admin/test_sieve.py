"""``eilpost sieve check`` and ``test``: nothing but files in, nothing but text out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.admin.__main__ import main

SCRIPT = 'require "fileinto";\nif header :contains "subject" "invoice" {\n  fileinto "Bills";\n}\n'
LETTER = "From: shop@example.net\r\nSubject: Your invoice\r\n\r\nPlease pay.\r\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "good.sieve").write_text(SCRIPT)
    (tmp_path / "bad.sieve").write_text('require "fileinto";\nfileinto 7;\n')
    (tmp_path / "letter.eml").write_bytes(LETTER.encode())
    return tmp_path


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_good_script_is_not_talked_about(files: Path) -> None:
    assert run("sieve", "check", files / "good.sieve") == (0, "", "")


def test_a_bad_one_is_told_with_line_and_column(files: Path) -> None:
    code, said, error = run("sieve", "check", files / "bad.sieve")
    assert (code, said) == (65, "")
    assert "line 2, column 10" in error


def test_what_would_happen_and_why(files: Path) -> None:
    code, said, _ = run("sieve", "test", files / "good.sieve", files / "letter.eml", "--json")
    assert code == 0
    found = json.loads(said)
    assert found["error"] is None
    assert [(action["action"], action["mailbox"]) for action in found["actions"]] == [("fileinto", "Bills")]
    assert {step["line"] for step in found["trace"]} >= {2, 3}
    assert "fileinto mailbox 'Bills'" in run("sieve", "test", files / "good.sieve", files / "letter.eml")[1]
