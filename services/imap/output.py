"""What a session is about to send: gathered, so that a reply is one write, and bounded, so that it waits for a slow
client instead of growing."""

from __future__ import annotations

from shared.net.shell import Connection
from shared.protocols.deflate import Deflater

HIGH_WATER = 64 * 1024  # octets gathered before `room` sends them
PIECE = 256 * 1024  # the most that is handed over at once
DEFLATED = 64 * 1024  # the most that is deflated at once; half a millisecond


class Output:
    """The sending half of a session. Only its own task uses it."""

    __slots__ = ("_connection", "_deflater", "_pieces", "_size", "broken", "sent")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._deflater: Deflater | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self.broken = False  # something was sent in part: nothing more may follow
        self.sent = 0  # octets, for the log

    def write(self, octets: bytes) -> None:
        """Add to what is sent next."""
        self._pieces.append(octets)
        self._size += len(octets)

    def compress(self, deflater: Deflater | None) -> None:
        """From here on what is sent goes through ``deflater``, or through none. Nothing may be gathered."""
        self._deflater = deflater

    async def _send_deflated(self, deflater: Deflater, octets: bytes) -> None:
        with memoryview(octets) as view:
            for start in range(0, len(octets), DEFLATED):
                await self._connection.send(deflater.deflate(view[start : start + DEFLATED]))

    @property
    def pending(self) -> int:
        """Octets gathered."""
        return self._size

    async def room(self) -> None:
        """Wait, when much is gathered, until the client has taken it. Raises `PeerGone` and `PeerTimeout`."""
        if self._size >= HIGH_WATER:
            await self.flush()

    async def flush(self) -> None:
        """Send what is gathered. Raises `PeerGone` and `PeerTimeout`."""
        if not self._size:
            return
        octets = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self.sent += len(octets)
        self.broken = True  # until all of it is on its way
        if self._deflater is not None:
            await self._send_deflated(self._deflater, octets)
        elif len(octets) <= PIECE:
            await self._connection.send(octets)
        else:
            with memoryview(octets) as view:
                for start in range(0, len(octets), PIECE):
                    await self._connection.send(view[start : start + PIECE])
        self.broken = False
