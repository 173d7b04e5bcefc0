"""Three brokers from the files that `eilpost bus config` writes: one bus, and one of them may die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from shared.bus.nats import open_bus
from shared.contracts import control
from shared.contracts.subjects import SERVICES
from tests.support.broker import BINARY, free_port
from tests.support.stages import LOG

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")  # each broker is its own machine; the route's port is fixed


def configure(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "services.admin", "bus", "config", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


class Brokers:
    """One process a host, all with the same passwords."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        routes = [f"--route={host}" for host in HOSTS]
        for host in HOSTS:
            configure(folder, "--host", host, "--websocket", str(self.port), "--name", "$BROKER", *routes)
            own = folder / f"{host}.conf"
            # The routes' listener is on every address of its machine; here a machine is one address.
            own.write_text((folder / "nats.conf").read_text().replace('"0.0.0.0:6222"', f'"{host}:6222"'))
        self.passwords = {service: (folder / "secrets" / f"{service}.password").read_text() for service in SERVICES}
        for host in HOSTS:
            log = (folder / f"{host}.log").open("wb")
            self._processes[host] = subprocess.Popen(
                [BINARY, "-c", folder / f"{host}.conf"], stdout=log, stderr=log, env={**os.environ, "BROKER": host}
            )

    def urls(self, first: str) -> list[str]:
        """All brokers, one of them first."""
        return [f"ws://{host}:{self.port}" for host in sorted(HOSTS, key=lambda host: host != first)]

    def kill(self, host: str) -> None:
        process = self._processes.pop(host)
        process.kill()
        process.wait()

    def kill_all(self) -> None:
        for host in list(self._processes):
            self.kill(host)


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    made = Brokers(tmp_path)
    try:
        yield made
    finally:
        made.kill_all()


async def test_a_call_crosses_brokers_and_outlives_one(brokers: Brokers) -> None:
    def bus(service: str, first: str):  # type: ignore[no-untyped-def]
        return open_bus(brokers.urls(first), service, "1", brokers.passwords[service], LOG)

    async with bus("storage", HOSTS[0]) as storage, bus("imap", HOSTS[1]) as imap:
        storage.serve(control.ping, lambda call: call.answer(control.Pong("here")))
        with trio.fail_after(20):
            await imap.wait_connected()
            await storage.wait_connected()
        assert await imap.call(control.ping, control.Ping(), timeout=8) == control.Pong("here")
        brokers.kill(HOSTS[1])
        with trio.fail_after(5):
            assert await imap.call(control.ping, control.Ping(), timeout=5) == control.Pong("here")
        brokers.kill(HOSTS[0])
        with trio.fail_after(5):
            assert await imap.call(control.ping, control.Ping(), timeout=5) == control.Pong("here")


def test_secrets_for_kubernetes_hold_what_the_files_hold(tmp_path: Path) -> None:
    printed = json.loads(configure(tmp_path, "--route", "a", "--route", "b:7000", "--kubernetes", "mail"))
    secrets = {item["metadata"]["name"]: item["data"] for item in printed["items"]}
    assert set(secrets) == {f"mail-bus-{service}" for service in SERVICES} | {"mail-bus-server"}
    assert b64decode(secrets["mail-bus-server"]["nats.conf"]) == (tmp_path / "nats.conf").read_bytes()
    for service in SERVICES:
        assert list(secrets[f"mail-bus-{service}"]) == [f"{service}.password"]
        password = (tmp_path / "secrets" / f"{service}.password").read_bytes()
        assert b64decode(secrets[f"mail-bus-{service}"][f"{service}.password"]) == password
        assert (tmp_path / "secrets" / f"{service}.password").stat().st_mode & 0o777 == 0o600


def test_configuring_again_keeps_the_passwords(tmp_path: Path) -> None:
    configure(tmp_path)
    before = (tmp_path / "nats.conf").read_text()
    configure(tmp_path)
    assert (tmp_path / "nats.conf").read_text() == before
