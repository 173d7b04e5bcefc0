"""Same name, three rooms: every registered command has its grammar, its behaviour and its transcript."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _stems(folder: str, suffix: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob(f"*{suffix}") if path.stem != "__init__"}


@pytest.mark.parametrize("protocol", ["imap", "managesieve", "pop3", "smtp"])
def test_same_name_three_rooms(protocol: str) -> None:
    behaviour = _stems(f"services/{protocol}/commands", ".py")
    grammar = _stems(f"shared/protocols/{protocol}/syntax", ".py")
    transcripts = _stems(f"tests/transcripts/{protocol}", ".txt")
    assert behaviour, f"{protocol} has no commands"
    assert behaviour <= grammar, f"no grammar file for {sorted(behaviour - grammar)}"
    assert behaviour <= transcripts, f"no transcript for {sorted(behaviour - transcripts)}"


def test_every_package_says_what_it_is_for() -> None:
    for folder in ("services", "shared"):
        for package in (ROOT / folder).iterdir():
            if package.is_dir() and package.name != "__pycache__":
                assert (package / "README.md").is_file(), f"{package.relative_to(ROOT)} has no README.md"
