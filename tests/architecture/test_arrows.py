"""What services may ask on the bus is what they ask, no more and no less."""

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


def granted(service: str) -> set[str]:
    return {op.name for op in OPERATIONS.values() if service in op.callers}


@pytest.mark.parametrize("service", sorted(SERVICES - {"storage"}))
def test_each_right_to_ask_is_used(service: str) -> None:
    folder = "admin" if service in TOOLS else service
    used = {*asked(ROOT / "services" / folder), *asked(ROOT / "shared" / "runtime")}
    assert granted(service) - used == SPARE.get(service, set())


@pytest.mark.parametrize("service", sorted(SERVICES - {"storage", "backup"}))
def test_nothing_is_asked_without_a_right_to_it(service: str) -> None:
    answered = {op.name for op in OPERATIONS.values() if op.server == service}
    others = granted("backup") if service == "admin" else set()
    assert set(asked(ROOT / "services" / service)) <= granted(service) | answered | others


def test_the_families_are_looked_through() -> None:
    assert len(FAMILIES) > 10
