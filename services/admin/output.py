"""What a command prints: a table for people, one JSON document for programs."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence

Row = Mapping[str, object]


def print_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """All fields as a JSON array, or the named columns as a table."""
    if as_json:
        print(json.dumps(list(rows), ensure_ascii=False, indent=2, default=str))
        return
    for line in table([[_cell(row[column]) for column in columns] for row in rows], columns):
        print(line)


def table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> Iterable[str]:
    """Lines of a left-aligned table. Control characters in cells are shown, not obeyed."""
    safe = [[printable(cell) for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[index]) for row in safe)]) for index, name in enumerate(columns)]
    yield "  ".join(name.upper().ljust(width) for name, width in zip(columns, widths, strict=True)).rstrip()
    for row in safe:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def moment(seconds: float) -> str:
    """A time for people: local, to the second; empty for zero."""
    if not seconds:
        return ""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def octets(count: int) -> str:
    """A size for people."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _cell(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def printable(text: str) -> str:
    """``text`` with its control characters shown."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
