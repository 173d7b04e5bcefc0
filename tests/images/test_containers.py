"""What each container may do, as the kernel sees it."""

from __future__ import annotations

import pytest

from tests.images.composition import Composition, fails, listening, state, status

pytestmark = pytest.mark.timeout(900)

RUNNING = (
    "bus-1",
    "bus-2",
    "bus-3",
    "database",
    "objects",
    "storage",
    "delivery",
    "smtp",
    "imap",
    "pop3",
    "managesieve",
    "balancer",
)


def test_all_run_and_those_with_a_health_check_are_healthy(composition: Composition) -> None:
    assert set(composition.services()) == {*RUNNING, "credentials", "keys"}
    assert all(
        state(container)["State"]["Running"] for service in RUNNING for container in composition.containers(service)
    )
    assert len(composition.health()) == 7


@pytest.mark.parametrize("service", RUNNING)
def test_it_has_no_power(composition: Composition, service: str) -> None:
    (container,) = composition.containers(service)
    seen = status(container)
    assert "0" not in seen["Uid"].split()
    assert {int(seen[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert seen["NoNewPrivs"] == "1"
    assert fails(container, "echo x > /probe")
    assert fails(container, "echo x > /usr/probe")


@pytest.mark.parametrize("service", RUNNING)
def test_it_listens_on_high_ports_alone(composition: Composition, service: str) -> None:
    (container,) = composition.containers(service)
    ports = listening(container)
    assert ports
    assert min(ports) >= 1024


def test_brokers_refuse_nothing_that_a_service_does(composition: Composition) -> None:
    said = composition.compose("logs", "--no-color", "bus-1", "bus-2", "bus-3")
    assert "Violation" not in said
