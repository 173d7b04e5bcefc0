"""Large bodies: over the data port, by ticket, into files that a commit names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.storage.blobs.files import Files
from services.storage.blobs.writing import TooLarge
from services.storage.config import Sweep
from shared.contracts import blobs, directory, messages, spool
from shared.contracts.blobs import Body, UploadRequest
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.messages import Append, BodiesRequest, New
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender, fetch
from tests.support.running_storage import SETTINGS, RunningStorage, letter, running_storage

LARGE = b"Subject: Large\r\n\r\n" + b"0123456789abcdef\r\n" * 40_000


async def _upload(storage: RunningStorage, octets: bytes = LARGE) -> str:
    ticket = await storage.ask("imap", blobs.upload, UploadRequest(1_000_000))
    await _send(ticket.url, octets)
    return ticket.upload


async def _send(url: str, octets: bytes) -> None:
    async with BulkSender(url) as sender:
        for start in range(0, len(octets), 50_000):
            await sender.send(octets[start : start + 50_000])
        await sender.finish()


async def _joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


async def test_a_large_message_comes_back_whole_and_in_ranges(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        grant = (await storage.login("ann@example.org")).grant
        body = Body(b"", await _upload(storage))
        appended = await storage.ask(
            "imap", messages.append, Append(grant, "key", "INBOX", (New(body, summarise(LARGE), ()),))
        )
        request = BodiesRequest(grant, appended.change.mailbox, appended.uids)
        bulk = (await storage.ask("imap", messages.bodies, request)).bodies[0]
        assert bulk.size == len(LARGE)
        assert await _joined(fetch(bulk.url)) == LARGE
        assert await _joined(fetch(bulk.url, 100, 50)) == LARGE[100:150]


async def test_a_ticket_is_for_one_body_and_one_direction(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        ticket = await storage.ask("imap", blobs.upload, UploadRequest(1_000))
        with pytest.raises(Unavailable, match="413"):
            await _send(ticket.url, b"x" * 1_001)
        forged = ticket.url.replace("/upload/", "/body/")
        with pytest.raises(Unavailable, match="403"):
            await _joined(fetch(forged))
        with pytest.raises(Unavailable, match="403"):
            await _joined(fetch(forged[:-3] + "AAA"))
        assert _files(tmp_path) == []


async def test_only_a_finished_upload_can_be_named(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        ticket = await storage.ask("smtp", blobs.upload, UploadRequest(1_000_000))
        sent = letter("x@elsewhere.example", octets=LARGE)._replace(body=Body(b"", ticket.upload))
        with pytest.raises(Refused) as refused:
            await storage.ask("smtp", spool.accept, sent)
        assert refused.value.code is Code.NOT_FOUND
        await storage.ask("smtp", spool.accept, sent._replace(body=Body(b"", await _upload(storage))))


async def test_what_nobody_names_is_swept_and_the_rest_stays(tmp_path: Path) -> None:
    sweep = Sweep(interval=3600, upload_grace=-10)
    async with running_storage(tmp_path) as storage:
        kept = letter("x@elsewhere.example", octets=LARGE)
        await storage.ask("smtp", spool.accept, kept._replace(body=Body(b"", await _upload(storage))))
        await _upload(storage)
        await _upload(storage, LARGE + b"more")
        (tmp_path / "blobs" / "incoming" / "left").write_bytes(b"half")
        (tmp_path / "blobs" / "00").mkdir(exist_ok=True)
        (tmp_path / "blobs" / "00" / f"{'00' * 32}.lost").write_bytes(b"no row")
        assert len(_files(tmp_path)) == 5
    async with running_storage(tmp_path, replace(SETTINGS, sweep=sweep)) as storage:
        while len(_files(tmp_path)) > 1:
            await storage.ask("admin", directory.domain_list, directory.Nothing())
        assert _files(tmp_path)[0].read_bytes() == LARGE
        await storage.ask("admin", spool.queue_act, spool.QueueAct(spool.Act.DROP, spool.QueueFilter()))
    async with running_storage(tmp_path, replace(SETTINGS, sweep=sweep)) as storage:
        while _files(tmp_path):
            await storage.ask("admin", directory.domain_list, directory.Nothing())


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_the_header_is_found_however_it_arrives(tmp_path: Path, step: int) -> None:
    octets = b"A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore" * 3
    writing = Files(tmp_path).write("u", 1_000)
    for start in range(0, len(octets), step):
        writing.write(octets[start : start + step])
    sealed = writing.seal()
    assert sealed.header == b"A: b\r\nC: d\r\n\r\n"
    assert (tmp_path / sealed.location).read_bytes() == octets
    with pytest.raises(TooLarge):
        Files(tmp_path).write("v", 3).write(b"four")
