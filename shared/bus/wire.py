"""Between an endpoint, which knows operations, and what moves its frames: a NATS connection or a memory broker."""

from __future__ import annotations

from abc import ABC, abstractmethod

from shared.protocols.nats.frames import Message


class Wire(ABC):
    """Moves frames out. Only `round_trip` waits."""

    connected: bool = False
    max_payload: int = 1_000_000  # octets of headers and payload together

    @abstractmethod
    def send(self, subject: bytes, reply: bytes, headers: bytes, payload: bytes, *, answer: bool = False) -> bool:
        """Hand over one message; False when it was dropped because there is no room or no connection.

        Answers have more room than questions: the work behind them is done.
        """

    @abstractmethod
    def listen(self, sid: bytes, subject: bytes, group: bytes) -> None:
        """Begin to receive what is sent to ``subject``; in a ``group``, a share of it."""

    @abstractmethod
    def unlisten(self, sid: bytes) -> None:
        """Receive no more under ``sid``."""

    @abstractmethod
    async def round_trip(self) -> None:
        """Return when the broker has read what was sent before, and what it had sent us by then has been received.

        Returns early when the connection is lost or silent.
        """


class Receiver(ABC):
    """What a wire tells its endpoint. None of these waits or raises."""

    @abstractmethod
    def received(self, message: Message) -> None: ...

    @abstractmethod
    def denied(self, kind: str, subject: str) -> None:
        """The broker did not let us publish to, or subscribe to, ``subject``."""

    @abstractmethod
    def restored(self, *, gap: bool) -> None:
        """The wire is up and all subscriptions stand; with ``gap``, messages may have been missed."""
