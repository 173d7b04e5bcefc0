"""``eilpost serve``: one process of one service, as an orchestrator runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_CONFIG, configuration, fail
from services.admin.master.fleet import command
from shared.contracts.subjects import SERVICES, TOOLS

RUNNABLE = sorted(SERVICES - TOOLS)


@click.command()
@click.argument("service", type=click.Choice(RUNNABLE))
@options.config
@click.option("--check", is_flag=True, help="only check the configuration and print where it would listen")
def serve(service: str, config: Path | None, check: bool) -> None:
    """Run one process of SERVICE. It replaces this one, and ends at SIGTERM."""
    path = configuration(config)
    if path is None:
        fail("no configuration; name one with --config", EX_CONFIG)
    os.execv(sys.executable, [*command(service, path), *(["--check"] if check else [])])  # noqa: S606
