"""``eilpost probe``: the health page of the process in this container, as an exit code."""

from __future__ import annotations

import os
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_CONFIG, EX_UNAVAILABLE, configuration, fail
from shared.base.errors import ConfigurationError
from shared.runtime import probe as health


@click.command()
@click.argument("question", type=click.Choice(sorted(health.PAGES)), default="live")
@options.config
def probe(question: str, config: Path | None) -> None:
    """Whether a process is live, or ready. Exit code 69 when that with this configuration's health port is not."""
    try:
        print(health.probe(question, configuration(config), os.environ))
    except ConfigurationError as error:
        fail(str(error), EX_CONFIG)
    except health.NotWell as error:
        fail(str(error), EX_UNAVAILABLE)
