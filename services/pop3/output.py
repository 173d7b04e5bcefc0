"""What a session is about to send: the replies to all commands that came together are one write, and a client that
does not read makes us wait, not grow."""

from __future__ import annotations

from shared.net.shell import Connection

HIGH_WATER = 64 * 1024  # octets gathered before `room` sends them


class Output:
    """The sending half of a session. Only its own task uses it."""

    __slots__ = ("_connection", "_octets", "sent")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._octets = bytearray()
        self.sent = 0  # octets, for the log

    def write(self, octets: bytes) -> None:
        """Add to what is sent next."""
        self._octets += octets

    @property
    def is_high(self) -> bool:
        """Whether enough is gathered to be sent."""
        return len(self._octets) >= HIGH_WATER

    async def room(self) -> None:
        """When much is gathered, wait until the client has taken it. Raises `PeerGone` and `PeerTimeout`."""
        if self.is_high:
            await self.flush()

    async def flush(self) -> None:
        """Send what is gathered. Raises `PeerGone` and `PeerTimeout`."""
        if self._octets:
            octets, self._octets = self._octets, bytearray()
            self.sent += len(octets)
            await self._connection.send(octets)
