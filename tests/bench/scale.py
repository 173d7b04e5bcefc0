"""``make bench-scale``: 1, 2 and 4 processes of smtp, imap, storage and delivery, on one PostgreSQL.

Each process brings as many clients: more of them are started because there are more clients. All share this machine's
cores, the load included, so more processes cannot do more than the cores allow. What the figures tell is the price:
CPU per letter and per command, the database's included, should stay where it is. What the processes use while nobody
asks them for anything is taken off, since a slow machine would charge it to the letters.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.bench import imap_mix, letters
from tests.bench.__main__ import SETTINGS
from tests.bench.figures import Figure, medians
from tests.support.house import House, running_house
from tests.support.postgresql import PostgresServer, running_postgres

COUNTS = (1, 2, 4)
IDLE = 5.0  # seconds for which idle processes are watched
SERVICES = ("storage", "delivery", "smtp", "imap")
FLAT = 0.15  # by how much the dearest may cost more than the cheapest
LETTERS, SESSIONS, CLIENTS, MESSAGES = 3_000, 20, 12, 200  # sessions and clients for each process
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


class OnPostgres:
    """An installation whose database is a process of its own: its CPU counts as well."""

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
        """The word index fills beside the load, as it would elsewhere."""

    def pids(self, service: str) -> list[int]:
        return self._house.pids(service)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--letters", type=int, default=LETTERS)
    options = parser.parse_args()
    columns = [medians([measure(count, options.letters) for _ in range(options.runs)]) for count in COUNTS]
    print("\n".join(table(columns)))


def measure(count: int, number: int) -> list[Figure]:
    """Both workloads on ``count`` processes of each service."""
    with running_postgres(DURABLE) as server:
        database = server.url(server.create())
        with running_house(replicas=dict.fromkeys(SERVICES, count), settings=SETTINGS, database=database) as house:
            installation = OnPostgres(house, server)
            found = [
                *letters.run(installation, number, SESSIONS * count),
                *imap_mix.run(installation, CLIENTS * count, MESSAGES),
            ]
    print(f"{count} of each: " + ", ".join(f"{figure.name} {figure.value:.2f}" for figure in found[:3]), flush=True)
    return found


def table(columns: list[list[Figure]]) -> Iterable[str]:
    """A row for each figure, a column for each count, and how flat the price is."""
    yield f"{'processes of each service':58}" + "".join(f"{count:>10}" for count in COUNTS)
    for row in zip(*columns, strict=True):
        values = [figure.value for figure in row]
        flat = max(values) / min(values) - 1 if min(values) > 0 else 0.0
        price = row[0].name.startswith("server CPU")
        verdict = f"  varies by {flat:.0%}, {'met' if flat <= FLAT else 'missed'} (15 %)" if price else ""
        yield (
            f"{row[0].name.partition(' (')[0]:58}"
            + "".join(f"{value:10.2f}" for value in values)
            + f" {row[0].unit}{verdict}"
        )


if __name__ == "__main__":
    main()
