"""``eilpost migrate``: storage's schema, before storage is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import configuration


@click.command()
@options.config
def migrate(config: Path | None) -> None:
    """Bring the schema of the database up to date, and end. (Storage also does it when it starts.)"""
    path = configuration(config)
    named = [] if path is None else ["--config", str(path)]
    os.execv(sys.executable, [sys.executable, "-m", "services.storage.migrate", *named])  # noqa: S606
