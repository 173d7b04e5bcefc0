"""From an event and its fields to one line of at most 8 KiB, whatever the fields hold."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json import JSONEncoder
from types import TracebackType
from typing import Any

VALUE_MAX = 1024  # characters of one value
TRACE_MAX = 4096  # characters of a traceback, counted from its end, which says most
LINE_MAX = 8192  # octets, line feed included
_SHORTER = (VALUE_MAX, 256, 64, 16)
_BASE = ("ts", "level", "event", "service", "replica", "session", "trace")
_PLAIN = (int, float, bool, type(None))
_COLOUR = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[1;31m"}

Fields = dict[str, Any]
_encode = JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=str).encode


def render_json(fields: Fields) -> str:
    """A JSON object in ASCII: control characters, escapes and line ends of a peer stand there as ``\\uXXXX``."""
    return _encode(fields)


def render_text(fields: Fields) -> str:
    """For eyes: time, level, event, ``key=value``; values are escaped as in JSON unless they are plain words."""
    level = fields["level"]
    shown = [f"{_shown(key)}={_shown(value)}" for key, value in fields.items() if key not in _BASE[:5]]
    head = f"{fields['ts'][11:23]} {_COLOUR.get(level, '')}{level:<7}\x1b[0m \x1b[1m{fields['event']}\x1b[0m"
    return " ".join([head, *shown])


def _shown(value: object) -> str:
    if isinstance(value, str) and value.isascii() and value.isprintable() and value and " " not in value:
        return value
    return _encode(value)


class Renderer:
    """The only structlog processor: adds the base fields, bounds the values, renders."""

    def __init__(self, service: str, replica: str, render: Callable[[Fields], str]) -> None:
        self._service = service
        self._replica = replica
        self._render = render

    def __call__(self, logger: object, method: str, event: Mapping[str, Any]) -> str:
        fields = dict(event)
        ordered: Fields = {
            "ts": datetime.now(UTC).isoformat(timespec="microseconds"),
            "level": method,
            "event": _text(fields.pop("event", "")),
            "service": self._service,
            "replica": self._replica,
        }
        error = fields.pop("exc_info", None)
        for key, value in fields.items():
            if key not in ordered:  # what the line says of itself is not for a caller to change
                short = type(value) is str and len(value) <= VALUE_MAX
                ordered[key] = value if short else _bounded(value, VALUE_MAX)
        if error:
            ordered["exception"] = _traceback(error)[-TRACE_MAX:]
        line = self._render(ordered)
        if len(line) >= LINE_MAX:
            line = self._cut(ordered)
        return line + "\n"

    def _cut(self, fields: Fields) -> str:
        """Values ever shorter until the line fits, then the base fields alone."""
        for limit in _SHORTER:
            shorter = {key: _bounded(value, limit) for key, value in fields.items()}
            line = self._render(shorter | {"cut": True})
            if len(line) < LINE_MAX:
                return line
        return self._render({key: _bounded(fields[key], 64) for key in _BASE if key in fields} | {"cut": True})


def _bounded(value: object, limit: int) -> object:
    if type(value) in _PLAIN:
        return value
    text = _text(value)
    return text if len(text) <= limit else f"{text[:limit]}[+{len(text) - limit}]"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value[: VALUE_MAX + 1]).decode("utf-8", "backslashreplace")
    return str(value)


def _traceback(error: object) -> str:
    if error is True:
        return traceback.format_exc()
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error))
    if isinstance(error, tuple):
        kind, value, trace = error
        assert trace is None or isinstance(trace, TracebackType)
        return "".join(traceback.format_exception(kind, value, trace))
    return str(error)
