"""The import laws of the house (ARCHITECTURE.md, "Laws"), read from the syntax trees of all modules."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")])

# Each floor may import its own floor's rooms that stand before it, and every floor below.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"shared.base"}),
    frozenset({"shared.mail"}),
    frozenset({"shared.contracts", "shared.protocols", "shared.sieve", "shared.authentication"}),
    frozenset({"shared.bus", "shared.net", "shared.observe"}),
    frozenset({"shared.runtime"}),
)

PURE = (
    "shared/protocols/",
    "shared/mail/",
    "shared/sieve/",
    "shared/authentication/",
    "services/storage/rules/",
    "services/imap/view.py",
)
IMPURE = frozenset(
    {
        "trio",
        "ssl",
        "socket",
        "time",
        "random",
        "secrets",
        "logging",
        "structlog",
        "sqlalchemy",
        "subprocess",
        "threading",
        "prometheus_client",
        "trio_websocket",
    }
)
# What protocol services must not load: each costs an idle process its memory.
HEAVY = frozenset({"sqlalchemy", "alembic", "pydantic", "psycopg", "typer", "rich"})
PROTOCOL_SERVICES = frozenset({"smtp", "imap", "pop3", "delivery"})
FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "manager", "misc", "common"})


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _floor(module: str) -> int | None:
    for number, rooms in enumerate(FLOORS):
        if _room(module) in rooms:
            return number
    return None


def test_there_is_something_to_judge() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_flow_one_way(path: Path) -> None:
    module = _name(path)
    own = _floor(module)
    for imported in _imports(path):
        if imported.split(".")[0] == "services":
            assert module.startswith("services."), f"{module} imports {imported}"
            assert _room(imported) in (_room(module), "services"), f"{module} imports another service: {imported}"
        other = _floor(imported)
        if own is not None and other is not None:
            assert other <= own, f"{module} imports {imported}, which stands above it"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_pure_rooms_stay_pure(path: Path) -> None:
    if not str(path.relative_to(ROOT)).startswith(PURE):
        return
    for imported in _imports(path):
        assert imported not in IMPURE, f"{path.name} imports {imported}"
        assert imported.split(".")[0] not in IMPURE, f"{path.name} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_names_say_what_they_hold(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("service", sorted(PROTOCOL_SERVICES))
async def test_protocol_services_stay_light(service: str) -> None:
    """Importing the service loads none of the packages that only storage and the command line may need."""
    import trio

    code = f"import sys, services.{service}.app; print(*sorted(n for n in sys.modules if '.' not in n))"
    result = await trio.run_process([sys.executable, "-c", code], capture_stdout=True, cwd=ROOT)
    loaded = set(result.stdout.decode().split())
    assert not loaded & HEAVY
