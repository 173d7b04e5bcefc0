"""Large bodies in S3: over the data port, by ticket, into objects that a commit names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import obstore
import pytest
import trio
from structlog.testing import capture_logs

from services.storage.blobs.breaker import REST
from services.storage.blobs.objects import OWNER, PART
from services.storage.config import StorageSettings, Sweep
from services.storage.rules.packed import pack_u32
from shared.contracts import blobs, directory, messages, spool
from shared.contracts.blobs import Body, UploadRequest
from shared.contracts.errors import Unavailable
from shared.contracts.messages import Append, BodiesRequest, Bulk, New
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender, fetch
from tests.support import databases
from tests.support.objects import S3Server, s3_server
from tests.support.running_storage import SETTINGS, RunningStorage, letter, running_storage

LARGE = b"Subject: Large\r\n\r\n" + b"0123456789abcdef\r\n" * 40_000
SWEPT_AT_ONCE = Sweep(interval=3600, upload_grace=-10)
BOB = "bob@example.org"


def settings_for(s3: S3Server, folder: Path, **others: Any) -> StorageSettings:
    return replace(SETTINGS, **s3.settings(folder.name), **others)


async def upload(storage: RunningStorage, octets: bytes = LARGE) -> Body:
    ticket = await storage.ask("imap", blobs.upload, UploadRequest(64_000_000))
    async with BulkSender(ticket.url) as sender:
        for start in range(0, len(octets), 200_000):
            await sender.send(octets[start : start + 200_000])
        await sender.finish()
    return Body(b"", ticket.upload)


async def append(storage: RunningStorage, body: Body, octets: bytes = LARGE) -> Bulk:
    """File it for Bob; where it is."""
    grant = (await storage.login(BOB)).grant
    new = New(body, summarise(octets), ())
    appended = await storage.ask("imap", messages.append, Append(grant, body.upload or "key", "INBOX", (new,)))
    return await find(storage, grant, appended.change.mailbox, appended.uids)


async def find(storage: RunningStorage, grant: bytes, mailbox: int, uids: bytes) -> Bulk:
    reply = await storage.ask("imap", messages.bodies, BodiesRequest(grant, mailbox, uids))
    return reply.bodies[0]


async def read(bulk: Bulk, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in fetch(bulk.url, offset, length)])


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("octets", [LARGE, LARGE * (PART // len(LARGE) + 2)], ids=["one request", "parts"])
async def test_a_large_message_comes_back_whole_and_in_ranges(
    tmp_path: Path, s3: S3Server, compression: str, octets: bytes
) -> None:
    async with running_storage(tmp_path, settings_for(s3, tmp_path, compression=compression)) as storage:
        await storage.add_accounts(BOB)
        bulk = await append(storage, await upload(storage, octets), octets)
        assert (bulk.size, bulk.prefix) == (len(octets), 0)
        assert await read(bulk) == octets
        assert await read(bulk, 100, 50) == octets[100:150]
        assert await read(bulk, len(octets) - 5) == octets[-5:]
    (meta,) = [each for each in obstore.list(s3.store(tmp_path.name)).collect() if each["path"] != OWNER]
    assert (meta["size"] < len(octets) / 2) == (compression == "zstd")
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_what_is_stored_is_not_written_again_and_stays_for_who_came_later(tmp_path: Path, s3: S3Server) -> None:
    settings = settings_for(s3, tmp_path)
    first, second = (letter("x@elsewhere.example", octets=LARGE) for _ in range(2))
    async with running_storage(tmp_path, settings) as storage:
        await storage.ask("smtp", spool.accept, first._replace(body=await upload(storage)))
        (path,) = bodies(s3, tmp_path)
        later = await upload(storage)
        assert bodies(s3, tmp_path) == [path]
        await storage.ask("admin", spool.queue_act, spool.QueueAct(spool.Act.DROP, spool.QueueFilter()))
    async with running_storage(tmp_path, settings) as storage:  # which begins by collecting what nobody uses
        with trio.fail_after(20):
            while databases.look(tmp_path, "SELECT id FROM content"):
                await look(storage)
        assert bodies(s3, tmp_path) == [path]
        await storage.ask("smtp", spool.accept, second._replace(body=later))
        assert bodies(s3, tmp_path) == [path]
    assert bytes(obstore.get(s3.store(tmp_path.name), path).bytes()) == LARGE


async def test_what_nobody_names_is_swept_and_the_rest_stays(tmp_path: Path, s3: S3Server) -> None:
    place, orphan = s3.store(tmp_path.name), f"00/{'00' * 32}.lost"
    kept = letter("x@elsewhere.example", octets=LARGE)
    async with running_storage(tmp_path, settings_for(s3, tmp_path)) as storage:
        await storage.ask("smtp", spool.accept, kept._replace(body=await upload(storage)))
        await upload(storage, LARGE + b"more")
        obstore.put(place, orphan, b"no row")
        obstore.put(place, "somebody/elses", b"not ours to judge")
        assert len(bodies(s3, tmp_path)) == 4
    async with running_storage(tmp_path, settings_for(s3, tmp_path, sweep=SWEPT_AT_ONCE)) as storage:
        with trio.fail_after(20):
            while len(left := bodies(s3, tmp_path)) > 2:
                await look(storage)
    body, other = left
    assert bytes(obstore.get(place, body).bytes()) == LARGE
    assert other == "somebody/elses"


async def test_bodies_of_another_installation_are_left_alone(tmp_path: Path, s3: S3Server) -> None:
    obstore.put(s3.store(tmp_path.name), OWNER, b"somebody else")
    obstore.put(s3.store(tmp_path.name), f"00/{'00' * 32}.theirs", b"no row with us")
    with capture_logs() as said:
        async with running_storage(tmp_path, settings_for(s3, tmp_path, sweep=SWEPT_AT_ONCE)) as storage:
            with trio.fail_after(20):
                while "storage.blobs_of_another" not in [entry["event"] for entry in said]:
                    await look(storage)
    assert len(bodies(s3, tmp_path)) == 1


async def test_without_the_object_store_small_mail_goes_on(tmp_path: Path) -> None:
    async with (
        s3_server(tmp_path / "s3") as s3,
        running_storage(tmp_path, settings_for(s3, tmp_path)) as storage,
    ):
        await storage.add_accounts(BOB)
        bulk = await append(storage, await upload(storage))
        s3.kill()
        with pytest.raises(Unavailable, match="503"):
            await upload(storage, LARGE + b"new")
        with pytest.raises(Unavailable, match="503"):
            await read(bulk)
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
        await s3.start()
        await trio.sleep(REST)  # the time in which nobody asks
        assert await read(bulk) == LARGE
        await upload(storage, LARGE + b"new")
        assert len(bodies(s3, tmp_path)) == 2


@pytest.mark.postgresql
async def test_two_replicas_share_a_bucket(tmp_path: Path, s3: S3Server, engine: str) -> None:
    assert engine == "postgresql"
    settings = settings_for(s3, tmp_path, database=databases.url_in(tmp_path))
    async with running_storage(tmp_path / "one", settings) as one, running_storage(tmp_path / "two", settings) as two:
        await one.add_accounts(BOB)
        bulk = await append(one, await upload(one))
        assert await read(bulk) == LARGE
        grant = (await two.login(BOB)).grant
        mailbox = databases.look(tmp_path, "SELECT id FROM mailbox WHERE messages > 0")[0][0]
        other = await find(two, grant, mailbox, pack_u32([bulk.uid]))
        assert other.url.partition("/body/")[0] != bulk.url.partition("/body/")[0]
        assert await read(other) == LARGE
        await append(two, await upload(two))
        assert len(bodies(s3, tmp_path)) == 1


def bodies(s3: S3Server, folder: Path) -> list[str]:
    return [path for path in s3.paths(folder.name) if path != OWNER]


async def look(storage: RunningStorage) -> None:
    """Ask something, which lets time pass."""
    await storage.ask("admin", directory.domain_list, directory.Nothing())
