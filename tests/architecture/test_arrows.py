"""No service may ask what it never asks: each right on the bus has a place in the code that uses it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from shared.contracts.op import Op
from shared.contracts.subjects import FAMILIES, OPERATIONS, SERVICES, TOOLS

ROOT = Path(__file__).parents[2]
SPARE = {"admin": {"sieve.have-space", "sieve.rename"}}  # the family comes whole: who puts and deletes may rename


def asked(folder: Path) -> Iterator[str]:
    """The operations that modules below ``folder`` name, as attributes of a contract's module or by themselves."""
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text())
        families: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared.contracts"):
                for alias in node.names:
                    if node.module == "shared.contracts":
                        families[alias.asname or alias.name] = f"shared.contracts.{alias.name}"
                    else:
                        yield from _name(node.module or "", alias.name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in families:
                yield from _name(families[node.value.id], node.attr)


def _name(module: str, attribute: str) -> Iterator[str]:
    found = getattr(import_module(module), attribute, None)
    if isinstance(found, Op):
        yield found.name


@pytest.mark.parametrize("service", sorted(SERVICES - {"storage"}))
def test_each_right_to_ask_is_used(service: str) -> None:
    folder = "admin" if service in TOOLS else service
    used = {*asked(ROOT / "services" / folder), *asked(ROOT / "shared" / "runtime")}
    granted = {op.name for op in OPERATIONS.values() if service in op.callers}
    assert granted - used == SPARE.get(service, set())


def test_the_families_are_looked_through() -> None:
    assert len(FAMILIES) > 10
