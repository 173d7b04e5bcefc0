"""Three brokers from the files that `eilpost bus config` writes: one bus, and one of them may die."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from shared.bus.nats import open_bus
from shared.contracts import control
from shared.contracts.subjects import SERVICES
from tests.support.brokers import HOSTS, BrokerCluster, configure, running_brokers
from tests.support.stages import LOG


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[BrokerCluster]:
    with running_brokers(tmp_path) as made:
        yield made


async def test_a_call_crosses_brokers_and_outlives_one(brokers: BrokerCluster) -> None:
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
