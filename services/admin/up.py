"""``eilpost up``: a whole installation on this machine, under one master process."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import trio

from services.admin import options
from services.admin.asking import EX_CONFIG, administrator, configuration, fail
from services.admin.config import MasterSettings
from services.admin.master import broker, development
from services.admin.master.certificates import ensure_certificate
from services.admin.master.children import ChildFailed
from services.admin.master.fleet import CheckFailed, Fleet, Plan, make_plan, wait_for_signal
from services.admin.ungrouped import ungrouped
from shared.base.errors import ConfigurationError, StartError
from shared.base.settings import check_sections, load
from shared.observe.log import configure, get_logger
from shared.runtime.settings import SECTIONS, load_common

Count = click.IntRange(0, 64)


@click.command()
@options.config
@click.option(
    "--development", "development_mode", is_flag=True, help="on loopback, high ports, with an account to try"
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("var"),
    show_default=True,
    help="its folder, for --development",
)
@click.option("--smtp", type=Count, help="how many processes")
@click.option("--imap", type=Count, help="how many processes")
@click.option("--pop3", type=Count, help="how many processes")
@click.option("--managesieve", type=Count, help="how many processes")
@click.option("--delivery", type=Count, help="how many processes")
@click.option("--storage", type=click.IntRange(1, 64), help="how many processes; more than one need PostgreSQL")
def up(
    config: Path | None,
    development_mode: bool,
    data: Path,
    smtp: int | None,
    imap: int | None,
    pop3: int | None,
    managesieve: int | None,
    delivery: int | None,
    storage: int | None,
) -> None:
    """Run everything on this machine. That is the bus and every service, each restarted when it dies."""
    counts = {
        "smtp": smtp,
        "imap": imap,
        "pop3": pop3,
        "managesieve": managesieve,
        "delivery": delivery,
        "storage": storage,
    }
    try:
        path = _prepare(data, config) if development_mode else configuration(config)
        if path is None:
            fail("no configuration; name one with --config, or try --development", EX_CONFIG)
        check_sections(SECTIONS, path, os.environ)
        common = load_common(path, os.environ)
        settings = load("master", MasterSettings, path, os.environ)
        replicas = replace(settings.replicas, **{name: count for name, count in counts.items() if count is not None})
        settings = replace(settings, replicas=replicas)
        configure("master", str(os.getpid()), json=common.log.json, level=common.log.level)
        with ungrouped():
            trio.run(_up, path, settings, common.health.port, development_mode)
    except ConfigurationError as error:
        fail(str(error), EX_CONFIG)
    except (StartError, OSError) as error:
        fail(str(error), 1)
    except (ChildFailed, CheckFailed) as error:
        # The child has said what is wrong, on its own standard error.
        raise SystemExit(getattr(error, "code", 1) or 1) from None


def _prepare(data: Path, config: Path | None) -> Path:
    now = datetime.datetime.now(datetime.UTC)
    try:
        path = config or development.ensure_configuration(data)
        ensure_certificate(path.parent / "tls", ("localhost", f"mail.{development.DOMAIN}", development.HOST), now)
    except OSError as error:
        raise StartError(f"{data}: {error.strerror}") from error
    return path


async def _up(path: Path, settings: MasterSettings, health: int, development_mode: bool) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    passwords = broker.ensure_passwords(settings.data / "secrets")
    plan = await make_plan(path, settings, health)
    ports = _ports(plan, settings)
    log = get_logger()
    fleet: Fleet

    def pids() -> Mapping[str, list[int]]:
        return fleet.children.pids()

    notes = development.Notes(path.parent, ports, pids)
    fleet = Fleet(plan, settings, log, notes.write if development_mode else lambda: None)
    async with trio.open_nursery() as nursery:
        if settings.broker.enabled:
            binary = broker.find(settings.broker)
            broker.configure(settings.broker, passwords, settings.data / "nats.conf")
            fleet.start_broker(binary, settings.data / "nats.conf", nursery)
        fleet.start_services(nursery)
        nursery.start_soon(_announce, path, fleet, notes if development_mode else None, ports)
        await wait_for_signal(partial(_reload, settings, fleet))
        log.info("master.stopping")
        await fleet.stop()
        nursery.cancel_scope.cancel()


def _reload(settings: MasterSettings, fleet: Fleet) -> None:
    """Let all read their secrets and certificates again: the broker first, whose passwords may have changed."""
    log = get_logger()
    try:
        if settings.broker.enabled:
            passwords = broker.ensure_passwords(settings.data / "secrets")
            broker.configure(settings.broker, passwords, settings.data / "nats.conf")
    except OSError as error:
        log.error("master.not_reloaded", reason=str(error))
        return
    fleet.children.hang_up()
    log.info("master.reloaded")


async def _announce(path: Path, fleet: Fleet, notes: development.Notes | None, ports: Mapping[str, int]) -> None:
    """Wait until all are ready; for a development server make the account and say how to use it."""
    async with administrator(path) as bus:
        await fleet.wait_ready(bus)
        if notes is not None:
            password = await development.ensure_account(bus, notes)
            notes.ready(password)
            print("\n".join(development.banner(ports, password, _python())), flush=True)
    processes, health = _listed(fleet.children.pids()), _listed(fleet.health_ports)
    get_logger().info("master.ready", processes=processes, health=health)


def _listed(numbers: Mapping[str, list[int]]) -> str:
    """Numbers by service, as a line of the log tells them: "imap 12 13, smtp 14"."""
    return ", ".join(" ".join([name, *map(str, each)]) for name, each in numbers.items())


def _python() -> str:
    """How to call this Python from where the user stands."""
    try:
        return os.path.relpath(sys.executable)
    except ValueError:
        return sys.executable


def _ports(plan: Plan, settings: MasterSettings) -> dict[str, int]:
    return {
        **{address.name: address.port for group in plan.listeners.values() for address in group},
        "bus": settings.broker.port,
    }
