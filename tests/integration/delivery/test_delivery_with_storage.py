"""Delivery and storage together, over a memory bus and a real database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import trio

from services.delivery.app import deliver
from services.delivery.config import DeliverySettings
from services.delivery.house import House
from services.storage.rules.packed import pack_u32
from shared.contracts import directory, messages, spool
from shared.contracts.mailboxes import Open
from shared.contracts.mailboxes import open as open_mailbox
from shared.contracts.spool import QueueFilter, QueueLetter
from shared.net.dns import Resolver
from tests.support.outbound_stage import NO_DNS
from tests.support.running_storage import RunningStorage, letter, running_storage


@asynccontextmanager
async def delivering(folder: Path) -> AsyncIterator[RunningStorage]:
    async with running_storage(folder) as storage, trio.open_nursery() as nursery:
        draining = trio.Event()
        bus = storage.bus("delivery")
        log = structlog.get_logger()
        house = House(bus, DeliverySettings(), draining, log, time.time, "mx.example.org")
        nursery.start_soon(deliver, house, Resolver(NO_DNS))
        yield storage
        draining.set()


async def queued(storage: RunningStorage, id: str, holds: Callable[[QueueLetter], bool]) -> QueueLetter:
    """The letter as the operator sees it, once ``holds``."""
    with trio.fail_after(10):
        while True:
            letters = (await storage.ask("admin", spool.trace, spool.Trace(id))).letters
            if letters and holds(letters[0]):
                return letters[0]
            await trio.sleep(0.02)


def is_served(found: QueueLetter) -> bool:
    return all(recipient.code for recipient in found.recipients)


async def test_letter_comes_to_the_inbox_with_its_prefix_once(tmp_path: Path) -> None:
    async with delivering(tmp_path) as storage:
        await storage.add_accounts("bob@example.org")
        accept = letter("bob+list@example.org")
        for _ in range(3):  # the front repeats itself
            await storage.ask("smtp", spool.accept, accept)
        found = await queued(storage, accept.letter, is_served)
        assert [(each.state, each.code) for each in found.recipients] == [("done", "2.0.0")]
        login = await storage.login("bob@example.org")
        opened = await storage.ask("imap", open_mailbox, Open(login.grant, "INBOX", False))
        asked = messages.BodiesRequest(login.grant, opened.mailbox, pack_u32([1, 2, 3]))
        bodies = (await storage.ask("imap", messages.bodies, asked)).bodies
        assert [body.octets for body in bodies] == [
            b"Return-Path: <sender@example.net>\r\nDelivered-To: bob@example.org\r\n" + accept.body.octets
        ]


async def test_each_recipient_has_its_own_fate(tmp_path: Path) -> None:
    async with delivering(tmp_path) as storage:
        await storage.add_accounts("bob@example.org", "carl@example.org")
        await storage.ask(
            "admin", directory.alias_add, directory.Alias("all@example.org", ("bob@example.org", "x@y.z"))
        )
        accept = letter("all@example.org", "carl@example.org", "nobody@example.org", "ann@elsewhere.example")
        await storage.ask("smtp", spool.accept, accept)
        found = await queued(storage, accept.letter, lambda one: len(one.recipients) == 5 and is_served(one))
        assert {each.address: (each.state, each.code) for each in found.recipients} == {
            "all@example.org": ("done", "2.0.0"),
            "carl@example.org": ("done", "2.0.0"),
            "nobody@example.org": ("failed", "5.1.1"),
            "ann@elsewhere.example": ("ready", "4.4.3"),
            "x@y.z": ("ready", "4.4.3"),
        }
        waiting = await storage.ask("admin", spool.queue_list, QueueFilter(state="ready"))
        assert [each.sender for each in waiting.letters] == ["sender@example.net", ""]  # and the report to its sender
