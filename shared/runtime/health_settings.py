"""Where a process tells how it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HealthSettings:
    """Section ``[health]``: /livez, /readyz and /metrics in plain HTTP, one port for each process.

    ``eilpost up`` gives the first of its processes this port and each further one the next.
    """

    host: str = "127.0.0.1"
    port: int = 0  # 0: off
    stall: float = 0.1  # seconds of standing still after which the event loop is reported

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("port lies between 0 and 65535")
        if self.stall <= 0:
            raise ValueError("stall must be above 0")
