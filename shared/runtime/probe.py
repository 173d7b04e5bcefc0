"""The health page of the process beside us, as an exit code: ``python -m shared.runtime.probe live``.

A container runtime starts this every few seconds for every process, so it imports next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from shared.base.errors import ConfigurationError, EilpostError
from shared.base.settings import load
from shared.runtime.health_settings import HealthSettings

TIMEOUT = 3.0  # seconds
PAGES = {"live": "/livez", "ready": "/readyz"}
_ANY = ("0.0.0.0", "::")  # noqa: S104 - asked on loopback


class NotWell(EilpostError):
    """There is no health page, or it says no."""


def probe(question: str, config: Path | None, environ: Mapping[str, str]) -> str:
    """What the page of `PAGES` answers. Raises `NotWell` and `ConfigurationError`."""
    settings = load("health", HealthSettings, config, environ)
    if not settings.port:
        raise ConfigurationError(str(config), "health.port", "is 0: there is no health page", "name a port")
    host = "127.0.0.1" if settings.host in _ANY else settings.host
    connection = HTTPConnection(host, settings.port, timeout=TIMEOUT)
    try:
        connection.request("GET", PAGES[question])
        response = connection.getresponse()
        text = response.read(1000).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as error:
        raise NotWell(f"no health page on port {settings.port}: {error}") from error
    if response.status != 200:
        raise NotWell(text)
    return text


def main() -> int:
    """0 when the process whose configuration ``EILPOST_CONFIG`` names is well; else 1 and a line that says why."""
    config = os.environ.get("EILPOST_CONFIG")
    try:
        print(probe(sys.argv[1], Path(config) if config else None, os.environ))  # noqa: T201
    except EilpostError as error:
        print(error)  # noqa: T201 - docker keeps what a health check prints
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
