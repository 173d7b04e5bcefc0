"""What a workload needs of the server it measures, so that the same one can drive another server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol


class Installation(Protocol):
    """A running mail server."""

    ports: dict[str, int]

    @property
    def authority(self) -> Path:
        """The certificate authority's file."""

    def add_accounts(self, names: Iterable[str], password: str) -> list[str]:
        """Accounts with one password; their addresses."""

    def cpu_seconds(self) -> float:
        """CPU time that all its processes have used so far."""

    def cpu_by_service(self) -> Mapping[str, float]:
        """The same by service, as far as its services are known."""

    def settle(self) -> None:
        """Wait for what is done behind the filling of mailboxes, so that it is not measured with what comes next."""

    def pids(self, service: str) -> list[int]:
        """Process ids of one service as they are now."""
