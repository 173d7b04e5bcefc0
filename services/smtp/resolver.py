"""Who a recipient is, asked of storage in as few calls as possible.

That an address is ours is remembered for a moment: a hop over the bus costs as much as the rest of a RCPT, letters to
one address come in bursts, and the answer here only decides between 250 and a refusal, since delivery resolves again.
Each process asks for itself; a change of the directory makes all forget. A refusal is never remembered, so that a
fresh account or a raised quota counts at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.directory import Kind, Resolution, Resolve

_REMEMBERED = 4_096  # addresses


class Resolver:
    """``seconds`` is how long an address is remembered; 0 turns that off."""

    def __init__(self, bus: Bus, seconds: float) -> None:
        self._bus = bus
        self._seconds = seconds
        self._known: dict[str, tuple[float, Resolution]] = {}
        self._changes = 0  # of the directory, so far

    async def resolve(self, addresses: Sequence[str], trace: str) -> list[Resolution]:
        """The resolutions in the order asked. Raises `Unavailable`, `Refused`."""
        now = trio.current_time()
        found = {address: known for address in addresses if (known := self._remembered(address, now))}
        missing = tuple(dict.fromkeys(address for address in addresses if address not in found))
        if missing:
            changes = self._changes
            reply = await self._bus.call(directory.resolve, Resolve(missing), trace=trace)
            for address, resolution in zip(missing, reply.resolutions, strict=True):
                found[address] = resolution
                if self._seconds and resolution.kind is Kind.LOCAL and changes == self._changes:
                    self._remember(address, resolution, now)
        return [found[address] for address in addresses]

    def forget(self) -> None:
        """The directory changed. What is under way may be older than that, so it is not remembered either."""
        self._changes += 1
        self._known.clear()

    def _remembered(self, address: str, now: float) -> Resolution | None:
        entry = self._known.get(address)
        return entry[1] if entry is not None and entry[0] > now else None

    def _remember(self, address: str, resolution: Resolution, now: float) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[address] = (now + self._seconds, resolution)
