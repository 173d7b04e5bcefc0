"""Under one master each process has health pages of its own, and keeps them when it is started again."""

from __future__ import annotations

import os
import signal
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support.house import House, running_house, until
from tests.support.ports import free_row

pytestmark = pytest.mark.integration

PROCESSES = 16  # ports that must be free in a row


def ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.read() == b"ready\n")
    except (URLError, ConnectionError):
        return False


def services_of(house: House, base: int) -> dict[int, str]:
    """Which service answers on each port."""
    found = {}
    for port in range(base, base + PROCESSES):
        if ready(port):
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
            names = [name for name in ("imap", "smtp", "pop3") if f'service="{name}"' in text]
            found[port] = names[0] if names else ""
    return found


def test_each_process_has_health_pages() -> None:
    base = free_row(PROCESSES)
    with running_house(replicas={"imap": 2}, settings=f"[health]\nport = {base}\n") as house:
        running = sum(len(house.pids(name)) for name in ("storage", "delivery", "smtp", "imap", "pop3"))
        found = services_of(house, base)
        assert len(found) >= running
        imaps = [port for port, service in found.items() if service == "imap"]
        assert len(imaps) == 2
        for pid in house.pids("imap"):
            os.kill(pid, signal.SIGKILL)
        until(lambda: all(map(ready, imaps)), 20)
