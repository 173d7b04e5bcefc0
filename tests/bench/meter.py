"""What a piece of work costs the servers, from the moment that the meter is made."""

from __future__ import annotations

import time
from collections.abc import Collection

from tests.bench.figures import Figure
from tests.bench.installation import Installation


class Meter:
    def __init__(self, house: Installation) -> None:
        self._house = house
        self._used = house.cpu_seconds()
        self._by_service = dict(house.cpu_by_service())
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._began

    def price(self, name: str, count: int, target: float, shown: Collection[str]) -> list[Figure]:
        """CPU for each of ``count`` pieces, and the share of each service in ``shown``."""
        used = self._house.cpu_seconds() - self._used
        shares = [
            Figure(f"  of it {service}", (seconds - self._by_service.get(service, 0.0)) / count * 1000, "ms")
            for service, seconds in sorted(self._house.cpu_by_service().items())
            if service in shown
        ]
        return [Figure(name, used / count * 1000, "ms", target, at_most=True), *shares]
