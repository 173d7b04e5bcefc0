"""A whole storage service in this process, on a memory bus and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import structlog
import trio

from services.storage import config
from services.storage.app import run
from services.storage.config import StorageSettings
from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.bus.memory import MemoryBroker
from shared.contracts import control, directory, spool
from shared.contracts.blobs import Body
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op
from shared.contracts.spool import Accept, Recipient
from shared.mail.summary import summarise
from shared.runtime.health import Health
from shared.runtime.process import Process
from shared.runtime.settings import Common
from tests.support import databases

R = TypeVar("R")

PASSWORD = "correct horse"
HASHED = "{PLAIN}" + PASSWORD  # cheap to make; the first login replaces it

SETTINGS = StorageSettings(
    port=config.DataPort(port=0), keep_free=0, login=config.Login(delays=("0",)), sweep=config.Sweep(interval=3600)
)

COMMON = Common()


class RunningStorage:
    """Storage as the fronts see it: a bus for each service."""

    def __init__(self, broker: MemoryBroker, settings: StorageSettings) -> None:
        self.broker = broker
        self.settings = settings
        self.draining = trio.Event()
        self._buses: dict[str, Bus] = {}

    def bus(self, service: str) -> Bus:
        """The place of ``service`` on the bus."""
        if service not in self._buses:
            self._buses[service] = self.broker.connect(service, "test")
        return self._buses[service]

    async def ask(self, service: str, op: Op[Any, R], request: Any) -> R:
        """Call ``op`` as ``service``."""
        return await self.bus(service).call(op, request)

    async def add_accounts(self, *addresses: str, quota: int = 0) -> None:
        """Accounts whose password is `PASSWORD`, and their domains."""
        for name in {address.rpartition("@")[2] for address in addresses}:
            try:
                await self.ask("admin", directory.domain_add, directory.DomainSet(name))
            except Refused as refused:
                if refused.code is not Code.ALREADY_EXISTS:
                    raise
        new = tuple(directory.AccountNew(address, HASHED, True, quota) for address in addresses)
        made = await self.ask("admin", directory.account_add, directory.AccountsNew(new))
        assert not [result.error for result in made.results if result.error]

    async def login(self, address: str, service: str = "imap", password: str = PASSWORD) -> directory.LoggedIn:
        """Log in from another network than the trusted one."""
        request = directory.Login("PLAIN", address, password, "", "192.0.2.7", "session")
        return await self.ask(service, directory.login, request)


@asynccontextmanager
async def running_storage(
    folder: Path,
    settings: StorageSettings = SETTINGS,
    common: Common = COMMON,
    *,
    beside: RunningStorage | None = None,
    replica: str = "1",
) -> AsyncIterator[RunningStorage]:
    """Start it; drain it at the end. ``beside``: another one, on whose bus and database this one is a replica."""
    broker = MemoryBroker() if beside is None else beside.broker
    settings = replace(settings, data=folder, database=settings.database or databases.url_in(folder))
    storage = RunningStorage(broker, settings)
    log = structlog.get_logger()
    process = Process(
        "storage",
        replica,
        settings,
        common,
        broker.connect("storage", replica),
        log,
        storage.draining,
        Health("storage"),
        None,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, process)
        await _answering(storage, process.health)
        yield storage
        storage.draining.set()


async def _answering(storage: RunningStorage, health: Health) -> None:
    with trio.fail_after(20):
        while "storage" not in health.ready:  # noqa: ASYNC110 - another one may answer in its place
            await trio.sleep(0.005)
        while True:
            try:
                await storage.ask("admin", control.ping, control.Ping())
            except Unavailable:
                continue
            return


def letter(*recipients: str, octets: bytes = b"", id: str = "", grant: bytes = b"") -> Accept:
    """A letter as smtp hands it in."""
    octets = octets or b"Subject: Hi\r\nMessage-ID: <a@b>\r\n\r\nHello.\r\n"
    return Accept(
        id or new_ulid(),
        "trace",
        "sender@example.net",
        tuple(map(Recipient, recipients)),
        Body(octets),
        summarise(octets),
        grant,
    )


def claim(limit: int = 10, worker: str = "w1", lease: float = 60.0) -> spool.Claim:
    """A worker's question for work."""
    return spool.Claim(worker, limit, lease)
