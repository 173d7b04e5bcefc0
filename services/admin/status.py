"""``eilpost status``: which processes are alive, and whether they are ready."""

from __future__ import annotations

import time
from pathlib import Path

import click
import trio

from services.admin import options
from services.admin.asking import EX_UNAVAILABLE, configuration, fail, with_bus
from services.admin.output import Row, print_rows
from shared.bus.client import Bus
from shared.contracts import control

LISTEN = 1.6  # seconds; every process says that it is alive once a second


@click.command()
@options.config
@options.as_json
def status(config: Path | None, as_json: bool) -> None:
    """Which processes are alive. Exit code 69 when one of them is not ready, or none answers."""
    found = with_bus(configuration(config), listen)
    rows: list[Row] = [
        {**alive._asdict(), "state": _state(alive), "up": _duration(time.time() - alive.started)} for alive in found
    ]
    if not found and not as_json:
        fail("the bus is there, but no process on it is alive", EX_UNAVAILABLE)
    print_rows(rows, ("service", "replica", "pid", "state", "connections", "up", "version"), as_json=as_json)
    if not found or not all(alive.ready for alive in found):
        raise SystemExit(EX_UNAVAILABLE)


async def listen(bus: Bus) -> list[control.Alive]:
    """The latest sign of life of every process, heard within `LISTEN` seconds."""
    heard: dict[tuple[str, str], control.Alive] = {}

    def note(alive: control.Alive) -> None:
        heard[alive.service, alive.replica] = alive

    subscription = bus.subscribe(control.alive, note)
    await trio.sleep(LISTEN)
    subscription.close()
    return [heard[key] for key in sorted(heard)]


def _state(alive: control.Alive) -> str:
    if alive.draining:
        return "draining"
    return "ready" if alive.ready else "not ready"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}d {hours:02}:{minutes:02}:{rest:02}" if days else f"{hours:02}:{minutes:02}:{rest:02}"
