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


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", ["file into INBOX (nothing else was decided)"]),
        ("discard;", ["throw the letter away"]),
        ('fileinto "Bills";', ['file into "Bills"']),
        (
            'setflag "\\\\Seen"; fileinto :create :copy "Bills"; keep :flags "";',
            ['file into "Bills", made if it is not there with the flags \\Seen', "file into INBOX without flags"],
        ),
        ('fileinto :specialuse "\\\\Junk" "Spam";', ['file into the mailbox for \\Junk, else "Spam"']),
        ('redirect "ann@example.org";', ["send on to ann@example.org"]),
        ('reject "Not\nhere";', ["refuse by a message to its sender: Not here"]),
        (
            'vacation :days 1 :subject "Away" "Soon";',
            [
                'answer the sender with the subject "Away", once in a day: Soon',
                "file into INBOX (nothing else was decided)",
            ],
        ),
        (
            'addheader "X-Seen" "yes"; keep;',
            ["file into INBOX, header changed"],
        ),
        (
            'redirect "${1}";',
            [
                "error: line 2, column 1: '' is no single address; what follows is all that would happen",
                "file into INBOX (nothing else was decided)",
            ],
        ),
    ],
)
def test_what_would_happen_is_told_in_sentences(files: Path, script: str, said: list[str]) -> None:
    every = (
        '"fileinto", "mailbox", "copy", "imap4flags", "special-use", "reject", "vacation", "editheader", "variables"'
    )
    (files / "one.sieve").write_text(f"require [{every}];\n{script}\n")
    code, output, _ = run("sieve", "test", files / "one.sieve", files / "letter.eml")
    assert code == 0
    assert output.partition("\n\n")[2].splitlines() == said


def test_what_a_client_does_is_played_as_well(files: Path) -> None:
    (files / "event.sieve").write_text(
        'require ["imapsieve", "environment", "imap4flags", "variables", "fileinto"];\n'
        'if environment "imap.cause" "COPY" { addflag "$Copied"; keep; }\n'
        'elsif environment :contains "imap.changedflags" "\\\\Flagged" { discard; }\n'
    )
    play = ("sieve", "test", files / "event.sieve", files / "letter.eml", "--mailbox", "Bills", "--flag", "\\Seen")

    def last(*more: str) -> str:
        code, output, _ = run(*play, *more)
        assert code == 0
        return output.splitlines()[-1]

    assert last("--cause", "copy") == "leave the message in Bills with the flags \\Seen $Copied"
    assert (
        last("--cause", "flag", "--changed", "\\Flagged")
        == "mark the message in Bills as \\Deleted: nothing keeps it"
    )
    assert last("--cause", "append") == "leave the message in Bills with the flags \\Seen"
    code, _, error = run(*play)
    assert (code, error.count("\n")) == (64, 1)
