"""Nobody writes ``except*``: before Python 3.11.4 what is raised there is wrapped in a group, exit codes as well."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_program_has_an_except_star() -> None:
    files = [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")]
    assert files
    assert [file for file in files if _has_except_star(file)] == []


def _has_except_star(file: Path) -> bool:
    return any(isinstance(node, ast.TryStar) for node in ast.walk(ast.parse(file.read_text())))
