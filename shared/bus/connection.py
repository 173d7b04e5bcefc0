"""One connection to a NATS server, from its greeting to its loss.

A reader, one writer and a pinger run until the first of them finds the connection gone; then all end, and `run`
returns the reason. Nothing here knows of operations or of other servers to try.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import trio

from shared.bus.outgoing import RESERVE, Outgoing
from shared.bus.transport import Transport, TransportLost
from shared.bus.wire import Receiver
from shared.protocols.nats import commands
from shared.protocols.nats.frames import Frame, Info, Message, Ping, Pong, ServerError
from shared.protocols.nats.parser import NatsError, Parser

PING_EVERY = 10.0  # seconds
MISSED_PINGS = 2  # a broker that owes this many answers is gone


class Connection:
    """``info`` is what the server said of itself, from `greet` on."""

    def __init__(self, transport: Transport, outgoing: Outgoing, receiver: Receiver) -> None:
        self.info: Info | None = None
        self._transport = transport
        self._outgoing = outgoing
        self._receiver = receiver
        self._parser = Parser()
        self._owed = 0  # PONGs
        self._pings = self._pongs = 0  # in all; a broker answers in order
        self._ponged = trio.lowlevel.ParkingLot()
        self._reason = ""

    async def greet(self, login: bytes, subscriptions: Iterable[tuple[bytes, bytes, bytes]]) -> None:
        """Log in and make ``subscriptions`` (sid, subject, group). Raises `TransportLost`."""
        hello = [login, *(commands.subscribe(subject, group, sid) for sid, subject, group in subscriptions)]
        try:
            await self._until(lambda: self.info is not None)
            self._owed = self._pings = 1
            await self._transport.send(b"".join([*hello, commands.PING]))
            await self._until(lambda: self._owed == 0)
        except TransportLost as error:
            raise TransportLost(self._reason or str(error)) from error

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._handle(await self._transport.receive())

    async def run(self) -> str:
        """Serve the connection; returns why it ended."""
        async with trio.open_nursery() as nursery:
            for loop in (self._read, self._write, self._ping):
                nursery.start_soon(self._end_all_after, loop, nursery.cancel_scope)
        return self._reason

    async def _end_all_after(self, loop: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        try:
            await loop()
        except TransportLost as error:
            self._reason = self._reason or str(error)
        scope.cancel()

    async def _read(self) -> None:
        while True:
            self._handle(await self._transport.receive())

    async def _write(self) -> None:
        while True:
            await self._transport.send(await self._outgoing.take())

    async def _ping(self) -> None:
        while self._owed < MISSED_PINGS:
            self._owed += 1
            self._put_ping()
            await trio.sleep(PING_EVERY)
        raise TransportLost("the broker does not answer")

    def _put_ping(self) -> None:
        self._pings += self._outgoing.put(commands.PING, RESERVE)

    async def round_trip(self) -> None:
        """Return when the broker has answered to all that was put before. Never, where the connection is lost."""
        self._put_ping()
        mark = self._pings
        while self._pongs < mark:
            await self._ponged.park()

    def _handle(self, data: bytes) -> None:
        try:
            frames = self._parser.feed(data)
        except NatsError as error:
            raise TransportLost(f"not NATS: {error}") from error
        received = self._receiver.received
        for frame in frames:
            if type(frame) is Message:
                received(frame)
            else:
                self._control(frame)

    def _control(self, frame: Frame) -> None:
        match frame:
            case Ping():
                self._outgoing.put(commands.PONG, RESERVE)
            case Pong():
                self._owed = 0
                self._pongs += 1
                self._ponged.unpark_all()
            case Info():
                self.info = frame
            case ServerError(text):
                self._complaint(frame, text)
            case _:
                pass

    def _complaint(self, error: ServerError, text: str) -> None:
        """A denial concerns one subject; after anything else the server closes, and this is why."""
        denied = error.denied
        if denied is not None:
            self._receiver.denied(*denied)
        else:
            self._reason = text
