"""A NATS client that says what it likes, for trying what a broken-into service might."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from shared.protocols.nats import commands


class RawNats:
    """Logged in as ``service``. Everything the broker says is kept in `heard`."""

    def __init__(self, port: int, service: str, password: str) -> None:
        self.heard = b""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.say(commands.connect("raw", service, password))

    def say(self, octets: bytes) -> bytes:
        """Send, and return what has come when the broker has read it all."""
        before = len(self.heard)
        self._socket.sendall(octets + commands.PING)
        while b"PONG\r\n" not in self.heard[before:]:
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError(self.heard[-200:])
            self.heard += piece
        return self.heard[before:]

    def wait_for(self, octets: bytes) -> None:
        """Until the broker has said ``octets``."""
        while octets not in self.heard:
            self.heard += self._socket.recv(65536)

    def denied(self, attempts: Iterable[bytes]) -> int:
        """How many of some commands the broker finds fault with."""
        return self.say(b"".join(attempts)).count(b"-ERR 'Permissions Violation")

    def close(self) -> None:
        self._socket.close()
