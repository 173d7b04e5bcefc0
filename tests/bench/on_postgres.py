"""An installation whose database is a process of its own: its CPU counts as well."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.house import House
from tests.support.postgresql import PostgresServer

IDLE = 4.0  # seconds for which idle processes are watched


class OnPostgres:
    """What the processes use while nobody asks them for anything is taken off, since a slow machine would charge it
    to the letters."""

    def __init__(self, house: House, server: PostgresServer) -> None:
        self._house = house
        self._server = server
        self.ports = house.ports
        self._idle = dict.fromkeys(self._used(), 0.0)  # CPU per second, by service
        self._began = time.perf_counter()
        before = self._used()
        time.sleep(IDLE)
        seconds = time.perf_counter() - self._began
        self._idle = {name: (used - before[name]) / seconds for name, used in self._used().items()}

    def _used(self) -> dict[str, float]:
        return {**self._house.cpu_by_service(), "database": self._server.cpu_seconds}

    @property
    def authority(self) -> Path:
        return self._house.authority

    def add_accounts(self, names: Iterable[str], password: str) -> list[str]:
        return self._house.add_accounts(names, password)

    def cpu_seconds(self) -> float:
        return sum(self.cpu_by_service().values())

    def cpu_by_service(self) -> Mapping[str, float]:
        passed = time.perf_counter() - self._began
        return {name: used - self._idle[name] * passed for name, used in self._used().items()}

    def settle(self) -> None:
        """There is nothing to wait for: the word index is put off (`tests.bench.scale.SETTINGS`)."""

    def pids(self, service: str) -> list[int]:
        return self._house.pids(service)
