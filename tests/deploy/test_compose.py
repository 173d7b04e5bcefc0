"""The compose file, the balancer's configuration and the services' agree on names and ports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.subjects import SERVICES
from tests.deploy.chart import ROOT
from tests.deploy.configurations import check_all

COMPOSE = ROOT / "deploy" / "compose"
FRONTS = ("smtp", "imap", "pop3", "managesieve")


def _services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
    return services


def _balanced() -> dict[str, tuple[int, str, int]]:
    """Name of the listener: the balancer's port, the service behind it and its port."""
    found = re.findall(
        r"^listen (\S+)\n  bind :(\d+)\n  server-template \S+ \d+ (\w+):(\d+)$",
        (COMPOSE / "haproxy.cfg").read_text(),
        re.MULTILINE,
    )
    return {name: (int(bound), service, int(port)) for name, bound, service, port in found}


def test_every_service_runs() -> None:
    commands = [service.get("command", []) for service in _services().values()]
    run = {command[1] for command in commands if command[:1] == ["serve"]}
    assert run == {"storage", "delivery", *FRONTS}
    assert run <= SERVICES


def test_nothing_runs_with_power() -> None:
    for name, service in _services().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service


def test_the_balancer_reaches_every_listener(tmp_path: Path) -> None:
    listening = check_all((COMPOSE / "eilpost.toml").read_text(), tmp_path)
    behind = {name: (service, port) for name, (_, service, port) in _balanced().items()}
    assert behind == {name: (front, port) for front in FRONTS for name, port in listening[front].items()}


def test_the_world_reaches_the_balancer() -> None:
    published = {int(entry.rpartition(":")[2]) for entry in _services()["balancer"]["ports"]}
    assert published == {bound for bound, _, _ in _balanced().values()}


def test_brokers_know_one_another() -> None:
    services = _services()
    command = services["credentials"]["command"]
    routes = {word.partition("=")[2] for word in command if word.startswith("--route=")}
    brokers = {name for name in services if name.startswith("bus-")}
    assert routes == brokers
    assert {services[name]["environment"]["BROKER"] for name in brokers} == brokers
    assert "--name=$$BROKER" in command  # compose makes one dollar of two
