"""Delivery and storage together, with Sieve scripts: over a memory bus, on a real database."""

from __future__ import annotations

import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
import trio

from services.delivery.app import deliver
from services.delivery.config import DeliverySettings
from services.delivery.house import House
from services.storage.rules.packed import unpack_uids
from shared.base.ids import new_ulid
from shared.contracts import blobs, mailboxes, messages, sieve, spool
from shared.contracts.blobs import Body
from shared.contracts.errors import Refused
from shared.contracts.messages import BodiesRequest
from shared.contracts.spool import Accept, QueueLetter, Recipient
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender
from shared.net.dns import Resolver
from tests.support.outbound_stage import NO_DNS
from tests.support.running_storage import RunningStorage, running_storage

ANN = "ann@example.org"
BOB = "bob@example.org"
FAR = "eve@elsewhere.example"
HOST = "mail.example.org"


def octets(*fields: str, to: str = ANN, subject: str = "Hello", text: str = "Hi there.\r\n", id: str = "") -> bytes:
    """A letter from Eve; ``fields`` are further header fields."""
    head = [f"From: Eve <{FAR}>", f"To: {to}", f"Subject: {subject}", *fields]
    head.append(f"Message-ID: <{id or new_ulid()}@elsewhere.example>")
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


class Post:
    """An installation with Ann and Bob, whose delivery runs."""

    def __init__(self, storage: RunningStorage) -> None:
        self.storage = storage
        self.now = time.time()

    async def script(self, text: str, address: str = ANN, name: str = "main", *, active: bool = True) -> None:
        """Store a script, and let it be the active one."""
        put = sieve.Put(new_ulid(), name, text.encode(), address=address)
        await self.storage.ask("admin", sieve.put, put)
        if active:
            await self.storage.ask("admin", sieve.activate, sieve.Activate(new_ulid(), name, address=address))

    async def send(
        self, letter: bytes, *recipients: str, sender: str = FAR, notify: Sequence[str] = (), id: str = ""
    ) -> QueueLetter:
        """Hand a letter in, wait until it and all that comes of it is served or waits for the outside."""
        id = await self.hand_in(letter, *recipients, sender=sender, notify=notify, id=id)
        return await self.served(id)

    async def hand_in(
        self,
        letter: bytes,
        *recipients: str,
        sender: str = FAR,
        notify: Sequence[str] = (),
        id: str = "",
        **terms: Any,
    ) -> str:
        """Hand a letter in; ``terms`` are further fields of `Accept`."""
        id = id or new_ulid()
        to = tuple(Recipient(one, notify=tuple(notify)) for one in recipients or (ANN,))
        body, summary = await self._body(letter), summarise(letter)
        accept = Accept(id, f"trace-{id}", sender, to, body, summary, client="192.0.2.9", helo="elsewhere.example")
        await self.storage.ask("smtp", spool.accept, accept._replace(**terms))
        return id

    async def _body(self, letter: bytes) -> Body:
        if len(letter) <= blobs.INLINE:
            return Body(letter)
        ticket = await self.storage.ask("smtp", blobs.upload, blobs.UploadRequest(len(letter)))
        async with BulkSender(ticket.url) as sender:
            await sender.send(letter)
            await sender.finish()
        return Body(b"", ticket.upload)

    async def served(self, id: str) -> QueueLetter:
        """The letter, once it and all that came of it are served."""
        with trio.fail_after(20):
            while True:
                walk = await self.family(id)
                if walk and all(one.code for letter in walk for one in letter.recipients):
                    return next(letter for letter in walk if letter.id == id)
                await trio.sleep(0.02)

    async def family(self, id: str) -> list[QueueLetter]:
        """A letter and what came of it, oldest first."""
        found = await self.storage.ask("admin", spool.trace, spool.Trace(f"trace-{id}"))
        return list(reversed(found.letters))

    async def inside(self, mailbox: str = "INBOX", address: str = ANN) -> list[bytes]:
        """What is in a mailbox; a mailbox that is not there holds nothing."""
        return [octets for octets, _ in await self.filed(mailbox, address)]

    async def filed(self, mailbox: str = "INBOX", address: str = ANN) -> list[tuple[bytes, tuple[str, ...]]]:
        """Octets and flags of what is in a mailbox."""
        grant = (await self.storage.login(address)).grant
        try:
            opened = await self.storage.ask("imap", mailboxes.open, mailboxes.Open(grant, mailbox, False))
        except Refused:
            return []
        request = mailboxes.PageRequest(grant, opened.mailbox, 0, 1_000)
        page = await self.storage.ask("imap", mailboxes.page, request)
        if not page.rows.uids:
            return []
        sets = {one.number: one.flags for one in page.flagsets}
        bodies: dict[int, bytes] = {}
        asked = BodiesRequest(grant, opened.mailbox, page.rows.uids)
        for bulk in (await self.storage.ask("imap", messages.bodies, asked)).bodies:
            bodies[bulk.uid] = bulk.octets
        flags = [number for (number,) in struct.iter_unpack("<I", page.rows.flagsets)]
        return [
            (bodies[uid], sets.get(flag, ())) for uid, flag in zip(unpack_uids(page.rows.uids), flags, strict=True)
        ]

    async def log(self, address: str = ANN) -> list[str]:
        """The user's Sieve log, newest first."""
        found = await self.storage.ask("admin", sieve.log, sieve.LogRequest(address))
        return [line.text for line in found.lines]


def own_letters(family: Sequence[QueueLetter], id: str) -> list[tuple[str, list[str]]]:
    """Sender and recipients of the letters that came of letter ``id``."""
    return [(one.sender, [each.address for each in one.recipients]) for one in family if one.id != id]


@asynccontextmanager
async def post(folder: Path, *, fresh: bool = True, **settings: Any) -> AsyncIterator[Post]:
    """Start it; one that is not ``fresh`` was there before."""
    async with running_storage(folder) as storage, trio.open_nursery() as nursery:
        if fresh:
            await storage.add_accounts(ANN, BOB)
        draining = trio.Event()
        office = Post(storage)
        bus = storage.bus("delivery")
        given = DeliverySettings(**settings)
        house = House(bus, given, draining, structlog.get_logger(), lambda: office.now, HOST)
        nursery.start_soon(deliver, house, Resolver(NO_DNS))
        yield office
        draining.set()
