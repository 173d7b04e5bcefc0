"""What a suite came to, and what is known not to pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

KNOWN = Path(__file__).with_name("known.txt")


@dataclass
class Verdict:
    """One suite; names of cases as ``suite/name``, failures and skips with one line why."""

    suite: str
    passed: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def absent(suite: str, folder: Path) -> Verdict:
    """The verdict where there is nothing to run."""
    return Verdict(suite, skipped=[(suite, f"{folder} is not there")])


def known_failures() -> dict[str, str]:
    """Reasons by ``suite/name``, from ``known.txt``: a line each, name and reason with a tab between them."""
    lines = [line for line in KNOWN.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("\t", 1) for line in lines)
