"""The log: one JSON object a line on stdout, or something readable when that is a terminal.

A line is an event with a static, dotted name and fields. What a peer says travels in fields only, where nothing it
can send breaks out of its line: JSON escapes it, a value is cut at 1 KiB and a line at 8 KiB.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import FilteringBoundLogger

from shared.observe.render import Renderer, render_json, render_text

Log = FilteringBoundLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(
    service: str, replica: str, *, json: bool | None = None, level: str = "info", stream: TextIO | None = None
) -> None:
    """Set up the log of this process; ``level`` is one of `LEVELS`. JSON is the default unless for a terminal."""
    out = sys.stdout if stream is None else stream
    as_json = not out.isatty() if json is None else json
    structlog.configure(
        processors=[Renderer(service, replica, render_json if as_json else render_text)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Lines(out),
        cache_logger_on_first_use=False,
    )


def get_logger() -> FilteringBoundLogger:
    """A logger; ``.bind(session=...)`` gives one whose lines all carry that field."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger.bind()


class _Lines:
    """Writes whole lines, each with one system call, so that those of processes with one stdout do not mix."""

    __slots__ = ("_stream",)

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        self._stream.write(line)
        self._stream.flush()

    debug = info = warning = error = critical = msg
