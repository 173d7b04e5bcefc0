"""``eilpost probe``: the health page of the process in this container, as an exit code."""

from __future__ import annotations

import os
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_CONFIG, EX_UNAVAILABLE, EX_USAGE, configuration, fail
from shared.base.errors import ConfigurationError
from shared.base.settings import load
from shared.runtime.settings import HealthSettings

TIMEOUT = 3.0  # seconds
_PAGES = {"live": "/livez", "ready": "/readyz"}
_ANY = ("0.0.0.0", "::")  # noqa: S104 - asked on loopback


@click.command()
@click.argument("question", type=click.Choice(sorted(_PAGES)), default="live")
@options.config
def probe(question: str, config: Path | None) -> None:
    """Whether the process with this configuration's health port is live, or ready. Exit code 69 when it is not."""
    try:
        settings = load("health", HealthSettings, configuration(config), os.environ)
    except ConfigurationError as error:
        fail(str(error), EX_CONFIG)
    if not settings.port:
        fail("health.port is 0: there is no health page", EX_USAGE)
    host = "127.0.0.1" if settings.host in _ANY else settings.host
    connection = HTTPConnection(host, settings.port, timeout=TIMEOUT)
    try:
        connection.request("GET", _PAGES[question])
        response = connection.getresponse()
        text = response.read(1000).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as error:
        fail(f"no health page on port {settings.port}: {error}", EX_UNAVAILABLE)
    if response.status != 200:
        fail(text, EX_UNAVAILABLE)
    print(text)
