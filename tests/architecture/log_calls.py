"""What the sources log: every call of a logger's method, read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
_CONTROLS = {"exc_info"}  # tell the logger what to do; the line has the field ``exception``


class LogCall(NamedTuple):
    """One event of one call; ``open``: some of its fields come from a mapping."""

    event: str
    level: str
    fields: frozenset[str]
    open: bool
    where: str  # file:line
    part: str  # smtp, storage, ...; shared


def log_calls() -> Iterator[LogCall]:
    for folder in ("services", "shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).parts
            part = parts[1] if parts[0] == "services" else "shared"
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield from _of(node, f"{path.relative_to(ROOT)}:{node.lineno}", part)


def _of(call: ast.Call, where: str, part: str) -> Iterator[LogCall]:
    method, arguments = call.func, call.args
    if isinstance(method, ast.Name) and method.id == "partial" and arguments:
        method, arguments = arguments[0], arguments[1:]
    if not (isinstance(method, ast.Attribute) and method.attr in LEVELS and _is_log(method.value) and arguments):
        return
    names = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    level = "error" if method.attr == "exception" else method.attr
    fields = frozenset(
        names - _CONTROLS | ({"exception"} if method.attr == "exception" or names & _CONTROLS else set())
    )
    opened = any(keyword.arg is None for keyword in call.keywords)
    for event in _texts(arguments[0]):
        yield LogCall(event, level, fields, opened, where, part)


def _is_log(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "get_logger"
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.lstrip("_") == "log"


def _texts(node: ast.expr) -> list[str]:
    """The texts that an expression may be: a constant, or a choice of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    raise AssertionError(f"an event must be a constant text: {ast.dump(node)}")
