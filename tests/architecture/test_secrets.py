"""Whoever compares what is secret takes the same time whatever it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"(^|_)(secret|password|passphrase|token|mac|proof|signature|hmac|stored_key|server_key)$")
ROOMS = ("services/storage", "shared/protocols/sasl", "shared/bus", "shared/net", "services/admin")


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_column(node: ast.expr) -> bool:
    """``table.c.name``: the database compares, and what it compares is a hash."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "c"


def _equalities(path: Path) -> Iterator[str]:
    """Places where something that is called like a secret is compared by "==" with what is no constant."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = (node.left, node.comparators[0])
        if any(isinstance(side, ast.Constant) or _name(side).isupper() or _is_column(side) for side in sides):
            continue
        if any(SECRET.search(_name(side).lower()) for side in sides):
            yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_case_32_secrets_are_compared_in_constant_time() -> None:
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(paths) > 50
    assert [place for path in paths for place in _equalities(path)] == []
