"""A whole installation as children of one process: broker, storage, delivery and the protocol services.

Start: sockets are bound and configurations checked before anything runs; then all start at once, since every service
waits for the bus and storage by itself. Stop: first those that accept mail and clients, then delivery, then storage,
then the broker, so that whoever still has work finds the others.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import trio

from services.admin.config import MasterSettings
from services.admin.master import sockets
from services.admin.master.children import Child, Children
from shared.base.errors import ConfigurationError, StartError
from shared.bus.client import Bus
from shared.contracts import control
from shared.observe.log import Log

FRONTS = ("smtp", "imap", "pop3", "managesieve")
STOP_ORDER = (FRONTS, ("delivery",), ("storage",), ("broker",))
_PORTS = 65_536


class CheckFailed(Exception):
    """A service refuses its configuration; it has said why. ``code`` is what the master exits with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


@dataclass(frozen=True)
class Plan:
    """What is to run: how many processes of each service, and where each listens."""

    config: Path
    replicas: Mapping[str, int]
    listeners: Mapping[str, tuple[sockets.Address, ...]]
    health: int = 0  # port of the first process's health pages; each process has the next one. 0: none has any

    def health_ports(self) -> dict[str, list[int]]:
        """The health port of every process, by service, in the order of their start."""
        ports: dict[str, list[int]] = {}
        following = self.health
        for service, count in self.replicas.items():
            ports[service] = list(range(following, following + count))
            following += count
        return ports if self.health else {}


def command(service: str, config: Path) -> list[str]:
    """How one process of a service is started."""
    return [sys.executable, "-m", f"services.{service}", "--config", str(config)]


async def make_plan(config: Path, settings: MasterSettings, health: int = 0) -> Plan:
    """Let every service check its configuration and say where it listens. Raises `CheckFailed`.

    ``health`` is the first health port, 0 for none.
    """
    replicas = {
        "storage": settings.replicas.storage,
        "delivery": settings.replicas.delivery,
        "smtp": settings.replicas.smtp,
        "imap": settings.replicas.imap,
        "pop3": settings.replicas.pop3,
        "managesieve": settings.replicas.managesieve,
    }
    if health + sum(replicas.values()) > _PORTS:
        raise ConfigurationError(
            str(config), "health.port", f"{health} leaves no port for each process", "choose a lower one"
        )
    listeners: dict[str, tuple[sockets.Address, ...]] = {}

    async def check(service: str) -> None:
        result = await trio.run_process([*command(service, config), "--check"], capture_stdout=True, check=False)
        if result.returncode:
            raise CheckFailed(result.returncode)
        listeners[service] = tuple(
            sockets.Address(spec["name"], spec["host"], spec["port"]) for spec in json.loads(result.stdout)
        )

    async with trio.open_nursery() as nursery:
        for service, count in replicas.items():
            if count:
                nursery.start_soon(check, service)
    return Plan(config, replicas, listeners, health)


class Fleet:
    """The running installation."""

    def __init__(self, plan: Plan, settings: MasterSettings, log: Log, on_change: Callable[[], None]) -> None:
        self._plan = plan
        self._settings = settings
        self._log = log
        self.children = Children(log, on_change)
        self._sockets: dict[str, socket.socket] = {}  # open for as long as children may be started

    def start_broker(self, binary: Path, configuration: Path, nursery: trio.Nursery) -> None:
        """The NATS server; its own log goes to a file beside its configuration."""
        log_file = configuration.with_suffix(".log")
        start = [str(binary), "-c", str(configuration), "-l", str(log_file)]
        self.children.add(Child("broker", start, {}), nursery)

    def start_services(self, nursery: trio.Nursery) -> None:
        """Bind all sockets, then start every service. Raises `StartError` before anything of ours runs."""
        self._sockets = bound = sockets.bind_all(
            address for group in self._plan.listeners.values() for address in group
        )
        for service, count in self._plan.replicas.items():
            own = [bound[address.name] for address in self._plan.listeners.get(service, ())]
            names = [address.name for address in self._plan.listeners.get(service, ())]
            environment = {
                "EILPOST_LISTENERS": " ".join(
                    f"{name}={listening.fileno()}" for name, listening in zip(names, own, strict=True)
                )
            }
            ports = self._plan.health_ports().get(service)
            for index in range(count):
                descriptors = [listening.fileno() for listening in own]
                health = {"EILPOST_HEALTH__PORT": str(ports[index])} if ports else {}
                start = command(service, self._plan.config)
                self.children.add(Child(service, start, {**environment, **health}, descriptors), nursery)

    @property
    def health_ports(self) -> dict[str, list[int]]:
        """Where each process answers for its health."""
        return self._plan.health_ports()

    async def wait_ready(self, bus: Bus) -> None:
        """Return once every process has said that it is ready. Raises `StartError` after the start time-out."""
        ready: set[int] = set()
        wanted = sum(self._plan.replicas.values())
        enough = trio.Event()

        def note(alive: control.Alive) -> None:
            if alive.ready:
                ready.add(alive.pid)
                if len(ready) >= wanted:
                    enough.set()

        subscription = bus.subscribe(control.alive, note)
        with trio.move_on_after(self._settings.start_timeout):
            await enough.wait()
        subscription.close()
        if not enough.is_set():
            raise StartError(
                f"only {len(ready)} of {wanted} processes are ready after {self._settings.start_timeout:g} s"
            )
        self.children.ready.set()

    async def stop(self) -> None:
        """Drain in order."""
        with trio.CancelScope(shield=True):
            for services in STOP_ORDER:
                await self.children.stop(services, self._settings.stop_timeout)


async def wait_for_signal(on_hangup: Callable[[], None]) -> signal.Signals:
    """SIGTERM or SIGINT; ``on_hangup`` is called at each SIGHUP before."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            if number != signal.SIGHUP:
                return signal.Signals(number)
            on_hangup()
    raise AssertionError("the receiver never ends")
