"""Storage, delivery and a sink together: real database, real sockets, a memory bus and a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from services.delivery.app import deliver
from services.delivery.config import DeliverySettings
from services.delivery.house import House
from services.delivery.outbound.config import OutboundSettings, RouteSettings
from services.delivery.outbound.finding import Lookup
from services.storage import app as storage_app
from services.storage.rules.packed import pack_u32
from shared.contracts import mailboxes, messages, spool
from shared.contracts.spool import Accept, QueueLetter, QueueRecipient, Recipient
from shared.net.dns import Resolver
from shared.net.dns_settings import DnsSettings
from tests.support.running_storage import RunningStorage, letter, running_storage
from tests.support.shifted_clock import ShiftedClock
from tests.support.sink import Sink, sink

HOST = "mx.example.org"
NO_DNS = DnsSettings(nameservers=("127.0.0.1:1",), timeout=0.2, patience=0.3)


class OutboundStage:
    """One installation whose mail leaves for ``sink``; its own user is bob@example.org."""

    def __init__(self, storage: RunningStorage, server: Sink, clock: ShiftedClock) -> None:
        self.storage = storage
        self.sink = server
        self.clock = clock

    async def send(self, *recipients: str | Recipient, **fields: Any) -> str:
        """Accept a letter from bob to others; its id."""
        accept: Accept = letter(octets=fields.pop("octets", b""))
        some = tuple([each if isinstance(each, Recipient) else Recipient(each, far=True) for each in recipients])
        accept = accept._replace(sender="bob@example.org", recipients=some)._replace(**fields)
        await self.storage.ask("smtp", spool.accept, accept)
        return accept.letter

    async def state(self, id: str) -> dict[str, QueueRecipient]:
        """The recipients of a letter, by address."""
        (found,) = (await self.storage.ask("admin", spool.trace, spool.Trace(id))).letters
        return {each.address: each for each in found.recipients}

    async def until(self, id: str, holds: Callable[[dict[str, QueueRecipient]], bool]) -> dict[str, QueueRecipient]:
        """Wait for a state of a letter."""
        state: dict[str, QueueRecipient] = {}
        with trio.move_on_after(10):
            while True:
                state = await self.state(id)
                if holds(state):
                    return state
                await trio.sleep(0.02)
        raise AssertionError(f"still {state}")

    async def tried(self, id: str, attempts: int = 1) -> dict[str, QueueRecipient]:
        """Wait until each recipient is settled or was tried so often."""
        return await self.until(
            id, lambda state: all(each.settled or each.attempts >= attempts for each in state.values())
        )

    async def settled(self, id: str) -> dict[str, QueueRecipient]:
        """Wait until nothing waits any more."""
        return await self.until(id, lambda state: all(each.state != "ready" for each in state.values()))

    async def waiting(self) -> tuple[QueueLetter, ...]:
        """What is in the spool and not done."""
        return (await self.storage.ask("admin", spool.queue_list, spool.QueueFilter())).letters

    async def idle(self) -> None:
        """Wait until nobody talks with the sink any more."""
        with trio.fail_after(5):
            while self.sink.open:
                await self.sink.changed.wait()

    async def inbox(self, count: int) -> list[bytes]:
        """Bob's messages, waited for until there are so many."""
        login = await self.storage.login("bob@example.org")
        opened = await self.storage.ask("imap", mailboxes.open, mailboxes.Open(login.grant, "INBOX", False))
        uids = pack_u32(list(range(1, count + 2)))
        with trio.fail_after(10):
            while True:
                asked = messages.BodiesRequest(login.grant, opened.mailbox, uids)
                bodies = (await self.storage.ask("imap", messages.bodies, asked)).bodies
                if len(bodies) >= count:
                    return [body.octets for body in bodies]
                await trio.sleep(0.02)


@asynccontextmanager
async def outbound_stage(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    lookup: Lookup | None = None,
    server: Sink | None = None,
    smarthost: bool = True,
    settings: DeliverySettings | None = None,
    fresh: bool = True,
    **outbound: Any,
) -> AsyncIterator[OutboundStage]:
    """One that is not ``fresh`` was there before. Without ``smarthost``, ``lookup`` says where mail goes, to the
    sink's port."""
    clock = ShiftedClock()
    monkeypatch.setattr(storage_app, "SteadyClock", lambda now: clock)
    async with sink() as plain, running_storage(folder) as storage, trio.open_nursery() as nursery:
        target = server or plain
        if fresh:
            await storage.add_accounts("bob@example.org")
        routes = (RouteSettings("*", "[127.0.0.1]", target.port),) if smarthost else ()
        options = {"routes": routes, "port": target.port, "idle": 0.2, "suspended": 0.0, **outbound}
        chosen = replace(settings or DeliverySettings(poll=0.05), outbound=OutboundSettings(**options))
        draining, ended = trio.Event(), trio.Event()

        async def live() -> None:
            house = House(storage.bus("delivery"), chosen, draining, structlog.get_logger(), clock, HOST)
            await deliver(house, lookup or Resolver(NO_DNS))
            ended.set()

        nursery.start_soon(live)
        yield OutboundStage(storage, target, clock)
        draining.set()
        with trio.fail_after(10):
            await ended.wait()
        nursery.cancel_scope.cancel()
