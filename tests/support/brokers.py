"""A cluster of three real brokers, from the files that `eilpost bus config` writes; any may die and come back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.contracts.subjects import SERVICES
from tests.support.broker import BINARY
from tests.support.ports import free_port

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")  # each broker is its own machine; the route's port is fixed
START_SECONDS = 20.0


def configure(folder: Path, *arguments: str) -> str:
    """Run ``eilpost bus config``; what it prints."""
    command = [sys.executable, "-m", "services.admin", "bus", "config", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


class BrokerCluster:
    """One process a host, all with the same passwords."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        routes = [f"--route={host}" for host in HOSTS]
        for host in HOSTS:
            configure(folder, "--host", host, "--websocket", str(self.port), "--name", "$BROKER", *routes)
            own = folder / f"{host}.conf"
            # The routes' listener is on every address of its machine; here a machine is one address.
            own.write_text((folder / "nats.conf").read_text().replace('"0.0.0.0:6222"', f'"{host}:6222"'))
        self.passwords = {service: (self.secrets / f"{service}.password").read_text() for service in SERVICES}
        for host in HOSTS:
            self.start(host)

    @property
    def secrets(self) -> Path:
        """The folder of the services' passwords."""
        return self.folder / "secrets"

    @property
    def alive(self) -> list[str]:
        """The hosts whose broker runs."""
        return list(self._processes)

    def urls(self, first: str = HOSTS[0]) -> list[str]:
        """All brokers, one of them first."""
        return [f"ws://{host}:{self.port}" for host in sorted(HOSTS, key=lambda host: host != first)]

    def start(self, host: str) -> None:
        """Start a broker, and return at once."""
        with (self.folder / f"{host}.log").open("ab") as log:
            self._processes[host] = subprocess.Popen(
                [BINARY, "-c", self.folder / f"{host}.conf"],
                stdout=log,
                stderr=log,
                env={**os.environ, "BROKER": host},
            )

    def wait(self, host: str) -> None:
        """Return when a broker accepts connections."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((host, self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, (self.folder / f"{host}.log").read_text()[-2000:]
                time.sleep(0.05)
            else:
                return

    def kill(self, host: str) -> None:
        """SIGKILL, and reap."""
        process = self._processes.pop(host)
        process.kill()
        process.wait()

    def kill_all(self) -> None:
        for host in list(self._processes):
            self.kill(host)


@contextmanager
def running_brokers(folder: Path) -> Iterator[BrokerCluster]:
    """A started cluster, its files in ``folder``."""
    cluster = BrokerCluster(folder)
    try:
        for host in HOSTS:
            cluster.wait(host)
        yield cluster
    finally:
        cluster.kill_all()
