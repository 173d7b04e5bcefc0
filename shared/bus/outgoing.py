"""What waits to be written to the broker: bounded, and sent in as few frames as possible."""

from __future__ import annotations

import trio

COALESCED = 256 * 1024  # octets; one write carries what is waiting, up to this and one message more
QUESTIONS = 16 * 1024 * 1024  # octets that may wait before calls and events are turned away
ANSWERS = 64 * 1024 * 1024  # the same for answers, whose work is done
RESERVE = ANSWERS + 1024 * 1024  # for what keeps the connection alive


class Outgoing:
    """A queue of encoded frames for one writer task. Everybody else only calls `put`."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self.octets = 0  # that wait
        self._sending = False
        self._writer = trio.lowlevel.ParkingLot()
        self._flushed = trio.lowlevel.ParkingLot()

    def put(self, frame: bytes, limit: int) -> bool:
        """Queue ``frame`` unless ``limit`` octets wait already; False when it was refused."""
        if self.octets > limit:
            return False
        self._frames.append(frame)
        self.octets += len(frame)
        if self._writer:
            self._writer.unpark()
        return True

    async def take(self) -> bytes:
        """Wait for frames and take what one write should carry. Asking again says that the last write is done."""
        self._sending = False
        while not self._frames:
            self._flushed.unpark_all()
            await self._writer.park()
        self._sending = True
        if self.octets <= COALESCED:
            data = b"".join(self._frames)
            self.clear()
            return data
        return self._take_some()

    def _take_some(self) -> bytes:
        total = count = 0
        while total < COALESCED:
            total += len(self._frames[count])
            count += 1
        data = b"".join(self._frames[:count])
        del self._frames[:count]
        self.octets -= total
        return data

    def clear(self) -> None:
        self._frames.clear()
        self.octets = 0

    async def wait_flushed(self) -> None:
        """Return when nothing waits and nothing is being written."""
        while self._frames or self._sending:
            await self._flushed.park()
