"""A broker in memory, for tests: NATS's routing, permissions and 'no responders', under a seeded plan of faults.

Messages are really encoded and decoded, and arrive in a later turn of the loop, never within the sender's call. All
that is random comes from the seed, and all time from the trio clock, so that a run under `trio.testing.MockClock`,
with trio's scheduler seeded too, repeats itself exactly.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

import structlog
import trio
from structlog.typing import FilteringBoundLogger

from shared.bus.endpoint import Endpoint
from shared.bus.faults import NO_FAULTS, FaultPlan, Faults
from shared.bus.wire import Wire
from shared.contracts.subjects import INBOX, permissions
from shared.protocols.nats.frames import Message

NO_RESPONDERS = b"NATS/1.0 503\r\n\r\n"


class Listening(NamedTuple):
    """One subscription of one connection."""

    wire: MemoryWire
    sid: bytes
    pattern: bytes
    group: bytes


class Parcel(NamedTuple):
    """A message on its way, ordered by arrival."""

    due: float
    number: int
    to: Listening
    message: Message


class MemoryBus(Endpoint):
    """An endpoint of a memory broker. Made by `MemoryBroker.connect`."""


class MemoryBroker:
    """See the module. It needs a running trio loop and no nursery: its courier is a system task."""

    def __init__(self, seed: int = 0, faults: FaultPlan = NO_FAULTS) -> None:
        self.faults = faults
        self._chance = random.Random(seed)  # noqa: S311 - the point is that it repeats
        self._listening: list[Listening] = []
        self._wires: list[MemoryWire] = []
        self._parcels: list[Parcel] = []
        self._numbers = count()
        self._work: trio.Event | None = None

    def connect(self, service: str, replica: str, log: FilteringBoundLogger | None = None) -> MemoryBus:
        """A place on the bus with the permissions of ``service``."""
        if self._work is None:
            self._work = trio.Event()
            trio.lowlevel.spawn_system_task(self._carry)
        bus = MemoryBus(service, replica, log or structlog.get_logger())
        wire = MemoryWire(self, bus, service)
        self._wires.append(wire)
        bus.attach(wire)
        trio.lowlevel.spawn_system_task(bus.pending.sweep)
        return bus

    def sever(self, *buses: MemoryBus) -> None:
        """Cut the connections of ``buses``, or all; what is under way to them is lost."""
        for wire in self._chosen(buses):
            wire.connected = False
        self._parcels = [parcel for parcel in self._parcels if parcel.to.wire.connected]
        heapq.heapify(self._parcels)

    def restore(self, *buses: MemoryBus) -> None:
        """Connect them again."""
        for wire in self._chosen(buses):
            if not wire.connected:
                wire.connected = True
                wire.bus.restored(gap=True)

    def _chosen(self, buses: tuple[MemoryBus, ...]) -> Iterable[MemoryWire]:
        return [wire for wire in self._wires if not buses or wire.bus in buses]

    # --- routing ---

    def listen(self, listening: Listening) -> None:
        self._listening.append(listening)

    def unlisten(self, wire: MemoryWire, sid: bytes) -> None:
        self._listening = [entry for entry in self._listening if entry.wire is not wire or entry.sid != sid]

    def route(self, sender: MemoryWire, message: Message) -> None:
        """Send ``message`` to one listener of each group and to all without one."""
        receivers = self._receivers(message.subject)
        faults = self._faults(message)
        for receiver in receivers:
            for delay in faults.delays(self._chance):
                self._post(delay, receiver, message)
        if message.reply and not receivers:
            notice = Message(message.reply, b"", b"", NO_RESPONDERS, b"")
            for receiver in self._receivers(message.reply):
                if receiver.wire is sender:
                    self._post(0.0, receiver, notice)

    def _receivers(self, subject: bytes) -> list[Listening]:
        chosen: list[Listening] = []
        groups: dict[bytes, list[Listening]] = {}
        tokens = subject.split(b".")
        for entry in self._listening:
            if entry.wire.connected and matches(entry.pattern, tokens):
                if entry.group:
                    groups.setdefault(entry.group, []).append(entry)
                else:
                    chosen.append(entry)
        return chosen + [self._chance.choice(members) for members in groups.values()]

    def _faults(self, message: Message) -> Faults:
        if message.reply:
            return self.faults.question
        return self.faults.answer if message.subject.startswith(INBOX.encode()) else self.faults.event

    def _post(self, delay: float, to: Listening, message: Message) -> None:
        parcel = Parcel(trio.current_time() + delay, next(self._numbers), to, message._replace(sid=to.sid))
        heapq.heappush(self._parcels, parcel)
        if self._work is not None:
            self._work.set()

    async def carried(self, wire: MemoryWire) -> None:
        """Return when what is under way to ``wire`` now has arrived."""
        mark = next(self._numbers)
        while due := [parcel.due for parcel in self._parcels if parcel.to.wire is wire and parcel.number < mark]:  # noqa: ASYNC110
            await trio.sleep_until(min(due))  # time itself is what is waited for

    async def _carry(self) -> None:
        """Hand out parcels when they are due, for ever."""
        while True:
            self._work = trio.Event()
            now = trio.current_time()
            while self._parcels and self._parcels[0].due <= now:
                parcel = heapq.heappop(self._parcels)
                parcel.to.wire.bus.received(parcel.message)
            with trio.move_on_at(self._parcels[0].due if self._parcels else float("inf")):
                await self._work.wait()


class MemoryWire(Wire):
    """The connection of one endpoint, which may do what `shared.contracts.subjects` grants its service."""

    def __init__(self, broker: MemoryBroker, bus: MemoryBus, service: str) -> None:
        granted = permissions(service)
        self.bus = bus
        self.connected = True
        self._broker = broker
        self._publish = [pattern.encode() for pattern in granted.publish]
        self._subscribe = {pattern.encode() for pattern in granted.subscribe}

    def send(self, subject: bytes, reply: bytes, headers: bytes, payload: bytes, *, answer: bool = False) -> bool:
        if not self.connected:
            return False
        tokens = subject.split(b".")
        if any(matches(pattern, tokens) for pattern in self._publish):
            self._broker.route(self, Message(subject, b"", reply, headers, payload))
        else:
            self.bus.denied("publish", subject.decode("ascii", "replace"))
        return True

    def listen(self, sid: bytes, subject: bytes, group: bytes) -> None:
        if self._may_listen(subject, group):
            self._broker.listen(Listening(self, sid, subject, group))
        else:
            self.bus.denied("subscription", subject.decode("ascii", "replace"))

    def _may_listen(self, subject: bytes, group: bytes) -> bool:
        tokens = subject.split(b".")
        for granted in self._subscribe:
            pattern, _, queue = granted.partition(b" ")
            if matches(pattern, tokens) and (not queue or queue == group):
                return True
        return False

    def unlisten(self, sid: bytes) -> None:
        self._broker.unlisten(self, sid)

    async def round_trip(self) -> None:
        await self._broker.carried(self)


def matches(pattern: bytes, subject: list[bytes]) -> bool:
    """Whether a NATS pattern (``*`` one token, a last ``>`` one token or more) covers the tokens of ``subject``."""
    tokens = pattern.split(b".")
    for index, token in enumerate(tokens):
        if token == b">":
            return len(subject) > index
        if index >= len(subject) or token not in (b"*", subject[index]):
            return False
    return len(tokens) == len(subject)
