"""Connections of psycopg as storage wants them: nobody waits for ever, and every text comes back as it was."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.types.string import StrDumper, TextLoader

from services.storage.config import Postgresql
from services.storage.engines.nul import escape, unescape

_UNBOUNDED = "; ".join(
    f"SET {name} = 0" for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
)
GRACE = 1.0  # seconds that a server has to end a statement by itself before the client gives up


class PatientConnection(psycopg.Connection[Any]):
    """Waits for the server as long as a statement takes."""


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up a server that is silent for longer than a statement may take; what TCP cannot see is seen here."""

    longest = 0.0  # seconds; 0: for ever

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **named: Any) -> Any:
        return super().wait(_bounded(gen, self.longest) if self.longest else gen, *arguments, **named)


def _bounded(waiting: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    end = time.monotonic() + seconds
    try:
        state = next(waiting)
        while True:
            ready = yield state
            if not ready and time.monotonic() > end:
                raise psycopg.OperationalError(f"the server has not answered for {seconds:g} s")
            state = waiting.send(ready)
    except StopIteration as ended:
        return ended.value


class _TextDumper(StrDumper):
    def dump(self, obj: str) -> Any:
        return super().dump(escape(obj))


class _TextLoader(TextLoader):
    def load(self, data: Any) -> str | bytes:
        return unescape(bytes(data).decode())


def connect(conninfo: str, settings: Postgresql, *, patient: bool = False) -> psycopg.Connection[Any]:
    """A connection that leaves transactions to its user."""
    connection: psycopg.Connection[Any]
    if patient:
        connection = PatientConnection.connect(conninfo, autocommit=True)
        connection.execute(_UNBOUNDED)
    else:
        bounded = BoundedConnection.connect(conninfo, autocommit=True)
        bounded.longest = settings.statement_timeout + GRACE
        connection = bounded
    connection.adapters.register_dumper(str, _TextDumper)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, _TextLoader)
    return connection


def parameters(settings: Postgresql) -> dict[str, str | int]:
    """What the URL need not say, in libpq's words."""
    milliseconds = {
        "statement_timeout": settings.statement_timeout,
        "lock_timeout": settings.lock_timeout,
        "idle_in_transaction_session_timeout": settings.statement_timeout,
    }
    options = {name: f"{int(seconds * 1000)}" for name, seconds in milliseconds.items()}
    options |= {"timezone": "UTC", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
    return {
        "application_name": "eilpost",
        "connect_timeout": max(2, round(settings.connect_timeout)),  # libpq takes no less
        "tcp_user_timeout": int(settings.silence * 1000),
        "keepalives": 1,
        "keepalives_idle": max(1, int(settings.silence / 2)),
        "keepalives_interval": 1,
        "keepalives_count": max(1, int(settings.silence / 2)),
        "target_session_attrs": "read-write",
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }
