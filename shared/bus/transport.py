"""What carries octets between a bus client and its broker: a WebSocket or a plain TCP stream."""

from __future__ import annotations

from abc import ABC, abstractmethod

from shared.base.errors import Temporary


class TransportLost(Temporary):
    """The connection to the broker could not be made, or is gone."""


class Transport(ABC):
    """One connection. ``receive`` and ``send`` may run at the same time, each in one task."""

    @abstractmethod
    async def receive(self) -> bytes:
        """Octets as they came, at least one. Raises `TransportLost`, also at a clean end."""

    @abstractmethod
    async def send(self, data: bytes) -> None:
        """Raises `TransportLost`."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close at once, without waiting for the peer's consent."""
