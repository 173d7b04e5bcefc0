"""Messages on their way to the client, read ahead.

A client that takes one message after the other finds each here already: they come in batches, each twice the last
one until they are as large as the settings allow, and the next one is asked for while one is still in hand. So who
reads one new message soon has it, and who reads on waits for the bus but once. What is held is bounded by two
batches, and of a message too large for the bus it is only the URL.
"""

from __future__ import annotations

from struct import pack

import trio

from services.pop3.errors import CommandRefused
from services.pop3.house import House
from services.pop3.maildrop import Maildrop
from services.pop3.tenure import Tenure
from shared.contracts import messages
from shared.contracts.blobs import INLINE
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.messages import Bulk

BATCH_MESSAGES = 1_000
FIRST_OCTETS = 64 * 1024  # of the first batch


class Bodies:
    """The reading side of one session. ``nursery`` holds its tasks."""

    def __init__(self, house: House, tenure: Tenure, drop: Maildrop, nursery: trio.Nursery) -> None:
        self._house = house
        self._tenure = tenure
        self._drop = drop
        self._nursery = nursery
        self._ready: dict[int, Bulk] = {}  # by message number
        self._octets = 0  # held in _ready
        self._next = 0  # the first number that no batch had
        self._coming: trio.Event | None = None  # a batch is under way
        self._largest = house.settings.batch_octets
        self._batch_octets = min(FIRST_OCTETS, self._largest)  # of the next one

    async def take(self, number: int) -> Bulk:
        """The message, not held any longer. Raises `Refused`, `Unavailable`, and `CommandRefused` when it is gone."""
        if number not in self._ready and self._coming is not None:
            await self._coming.wait()
        reads_on = number in self._ready
        if not reads_on:
            self._ready.clear()
            self._octets = 0
            await self._read(number)
        bulk = self._ready.pop(number, None)
        if bulk is None:
            raise CommandRefused("the message is gone")
        self._octets -= len(bulk.octets)
        if reads_on and self._octets <= self._largest and self._coming is None and self._next > number:
            self._read_ahead()
        return bulk

    def _read_ahead(self) -> None:
        if self._next <= len(self._drop):
            self._coming = trio.Event()
            self._nursery.start_soon(self._read_beside, self._coming)

    async def _read_beside(self, done: trio.Event) -> None:
        """Failure is not told to anybody: whoever wants the message asks again and hears it then."""
        try:
            await self._read(self._next)
        except (Refused, Unavailable):
            self._next = len(self._drop) + 1
        finally:
            self._coming = None
            done.set()

    async def _read(self, first: int) -> None:
        """Ask for ``first`` and what follows it."""
        numbers = self._batch(first)
        self._next = numbers[-1] + 1 if numbers else len(self._drop) + 1
        if not numbers:
            return
        uids = [self._drop.uid(number) for number in numbers]
        request = messages.BodiesRequest(
            self._tenure.grant,
            self._tenure.mailbox,
            pack(f"<{len(uids)}I", *uids),
            limit=self._batch_octets,
        )
        self._batch_octets = min(2 * self._batch_octets, self._largest)
        async with self._house.batches:
            reply = await self._house.bus.call(messages.bodies, request, trace=self._tenure.session)
        by_uid = dict(zip(uids, numbers, strict=True))
        for bulk in reply.bodies:
            number = by_uid.get(bulk.uid)
            if number is not None:
                self._ready[number] = bulk
                self._octets += len(bulk.octets)
        if reply.bodies and reply.bodies[-1].uid in by_uid:
            self._next = by_uid[reply.bodies[-1].uid] + 1

    def _batch(self, first: int) -> list[int]:
        """Numbers from ``first`` on that fit one reply; one too large for the bus goes alone."""
        numbers: list[int] = []
        room = self._batch_octets
        for number in self._drop.numbers(first):
            size = self._drop.size(number)
            room -= size
            if numbers and (room < 0 or size > INLINE or len(numbers) >= BATCH_MESSAGES):
                break
            numbers.append(number)
            if size > INLINE:
                break
        return numbers
