"""Header blocks for TOP, read ahead for clients that look at one message after the other."""

from __future__ import annotations

from itertools import islice
from struct import pack, unpack

from services.pop3.errors import CommandRefused
from services.pop3.house import House
from services.pop3.maildrop import Maildrop
from services.pop3.tenure import Tenure
from shared.contracts import messages

AHEAD = 50  # messages
LIMIT = 200_000  # octets in one reply


class Headers:
    def __init__(self, house: House, tenure: Tenure, drop: Maildrop) -> None:
        self._house = house
        self._tenure = tenure
        self._drop = drop
        self._ready: dict[int, bytes] = {}  # by UID

    async def take(self, number: int) -> bytes:
        """The header block, its empty line included. Raises as `Bodies.take` does."""
        uid = self._drop.uid(number)
        if uid not in self._ready:
            self._ready = await self._read(number)
        header = self._ready.pop(uid, None)
        if header is None:
            raise CommandRefused("the message is gone")
        return header

    async def _read(self, first: int) -> dict[int, bytes]:
        uids = [self._drop.uid(number) for number in islice(self._drop.numbers(first), AHEAD)]
        request = messages.RowsRequest(
            self._tenure.grant,
            self._tenure.mailbox,
            pack(f"<{len(uids)}I", *uids),
            int(messages.Column.HEADER),
            LIMIT,
        )
        async with self._house.batches:
            reply = await self._house.bus.call(messages.rows, request, trace=self._tenure.session)
        found = unpack(f"<{len(reply.uids) // 4}I", reply.uids)
        return dict(zip(found, reply.headers, strict=False))
