"""Every implementation of the bus behind one face, for suites that run on all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import structlog
import trio

from shared.bus.client import Bus
from shared.bus.memory import MemoryBroker, MemoryBus
from shared.bus.nats import NatsBus, open_bus
from tests.support.broker import PASSWORDS, NatsServer

LOG = structlog.get_logger()


class Stage(ABC):
    @abstractmethod
    async def connect(self, service: str, replica: str = "1") -> Bus:
        """A bus that is connected."""

    @abstractmethod
    async def sever(self) -> None:
        """The broker dies."""

    @abstractmethod
    async def restore(self) -> None:
        """It is back; returns when all buses are connected again."""

    async def settle(self) -> None:
        """Let subscriptions and events that were made before arrive."""
        await trio.sleep(0.05)


class MemoryStage(Stage):
    def __init__(self) -> None:
        self.broker = MemoryBroker(seed=1)

    async def connect(self, service: str, replica: str = "1") -> MemoryBus:
        return self.broker.connect(service, replica, LOG)

    async def sever(self) -> None:
        self.broker.sever()

    async def restore(self) -> None:
        self.broker.restore()


class NatsStage(Stage):
    def __init__(self, server: NatsServer, url: str, nursery: trio.Nursery) -> None:
        self.server = server
        self.url = url
        self._nursery = nursery
        self._buses: list[NatsBus] = []

    async def connect(self, service: str, replica: str = "1") -> NatsBus:
        bus: NatsBus = await self._nursery.start(self._hold, service, replica)
        self._buses.append(bus)
        return bus

    async def _hold(self, service: str, replica: str, *, task_status: trio.TaskStatus[NatsBus]) -> None:
        async with open_bus([self.url], service, replica, PASSWORDS[service], LOG) as bus:
            await bus.wait_connected()
            task_status.started(bus)
            await trio.sleep_forever()

    async def sever(self) -> None:
        self.server.kill()
        with trio.fail_after(5):
            for bus in self._buses:
                await bus.wait_disconnected()

    async def restore(self) -> None:
        await self.server.start()
        with trio.fail_after(5):
            for bus in self._buses:
                await bus.wait_connected()
