"""Abuse case 60 on a disk that forgets: whenever the machine dies, all that was acknowledged is there again.

A real storage process does its work once, under strace; what would be on the disk at each moment of it is worked out
from its system calls, and storage is started on that. ``EILPOST_CRASHES`` says how often (200 for a night).
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import structlog

from services.storage.rules.packed import pack_u32
from shared.bus.client import Bus
from shared.bus.nats import open_bus
from shared.contracts import blobs, mailboxes, messages, spool
from shared.contracts.blobs import Body, UploadRequest
from shared.contracts.messages import Append, New
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender, fetch
from tests.support.answering import answering
from tests.support.broker import PASSWORDS, nats_server
from tests.support.forgetful_disk import STRACE, Disk, lines_of
from tests.support.house import until
from tests.support.running_storage import RunningStorage, letter, running_storage

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

CRASHES = int(os.environ.get("EILPOST_CRASHES", "10"))
ROUNDS = 6
LARGE = 300_000  # octets: a file of its own
ANN = "ann@example.org"


@dataclass
class Promises:
    """What was acknowledged, each with how long the trace was then."""

    letters: dict[str, int] = field(default_factory=dict)
    messages: list[tuple[int, bytes]] = field(default_factory=list)  # hashes, in order of their UIDs


def octets_of(number: int, size: int) -> bytes:
    return f"Subject: number {number}\r\n\r\n".encode() + random.Random(number).randbytes(size // 2).hex().encode()


@asynccontextmanager
async def traced(folder: Path, data: Path, trace: Path) -> AsyncIterator[dict[str, Bus]]:
    """Storage on ``data`` under strace; the places of smtp and imap on its bus."""
    async with nats_server(folder) as broker:
        environment = {
            "PATH": os.environ["PATH"],
            "EILPOST_BUS__URL": broker.nats,
            "EILPOST_BUS__PASSWORD": PASSWORDS["storage"],
            "EILPOST_STORAGE__DATA": str(data),
            "EILPOST_STORAGE__PORT__PORT": "0",
            "EILPOST_STORAGE__KEEP_FREE": "0",
        }
        with (folder / "storage.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220
                [*STRACE, "-o", str(trace), sys.executable, "-m", "services.storage"],
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            async with _bus(broker.nats, "smtp") as smtp, _bus(broker.nats, "imap") as imap:
                await answering(smtp)
                yield {"smtp": smtp, "imap": imap}
        finally:
            process.kill()
            process.wait()


def _bus(url: str, service: str) -> AbstractAsyncContextManager[Bus]:
    return open_bus((url,), service, "test", PASSWORDS[service], structlog.get_logger(), ssl_context=None)


async def work(buses: dict[str, Bus], grant: bytes, trace: Path) -> Promises:
    """Letters and messages, small and large, one after the other; each is acknowledged before the next is sent."""
    promises = Promises()
    for number in range(ROUNDS):
        for size in (2_000, LARGE):
            octets = octets_of(number * LARGE + size, size)
            body = await upload(buses["smtp"], octets)
            accept = letter("x@elsewhere.example", octets=octets)._replace(body=body)
            await buses["smtp"].call(spool.accept, accept)
            promises.letters[accept.letter] = length(trace)
            given = New(await upload(buses["imap"], octets), summarise(octets), ())
            await buses["imap"].call(messages.append, Append(grant, f"{number}-{size}", "INBOX", (given,)))
            promises.messages.append((length(trace), sha256(octets).digest()))
    return promises


def length(trace: Path) -> int:
    return trace.stat().st_size


async def upload(bus: Bus, octets: bytes) -> Body:
    if len(octets) < LARGE:
        return Body(octets)
    ticket = await bus.call(blobs.upload, UploadRequest(len(octets)))
    async with BulkSender(ticket.url) as sender:
        await sender.send(octets)
        await sender.finish()
    return Body(b"", ticket.upload)


async def assert_kept(storage: RunningStorage, grant: bytes, promises: Promises, crash: int) -> None:
    """Whatever was acknowledged before the trace was ``crash`` octets long is there, whole."""
    promised = {name for name, at in promises.letters.items() if at <= crash}
    queue = await storage.ask("admin", spool.queue_list, spool.QueueFilter())
    assert promised <= {each.id for each in queue.letters}
    hashes = [hash for at, hash in promises.messages if at <= crash]
    opened = await storage.ask("imap", mailboxes.open, mailboxes.Open(grant, "INBOX", False))
    assert opened.messages >= len(hashes)
    for uid, hash in enumerate(hashes, 1):
        assert sha256(await read(storage, grant, opened.mailbox, uid)).digest() == hash


async def read(storage: RunningStorage, grant: bytes, mailbox: int, uid: int) -> bytes:
    request = messages.BodiesRequest(grant, mailbox, pack_u32([uid]))
    (found,) = (await storage.ask("imap", messages.bodies, request)).bodies
    if not found.url:
        return found.octets
    return found.octets + b"".join([piece async for piece in fetch(found.url)])


def moments(promises: Promises, end: int, dice: random.Random) -> Sequence[int]:
    """When the machine dies: right after some acknowledgements, and at any other time."""
    acknowledged = [*promises.letters.values(), *(at for at, _ in promises.messages)]
    after = dice.sample(acknowledged, min(CRASHES // 2, len(acknowledged)))
    return sorted([*after, *(dice.randrange(end) for _ in range(CRASHES - len(after)))])


async def test_case_60_a_disk_that_forgets_what_was_not_synced(tmp_path: Path) -> None:
    data, trace = tmp_path / "data", tmp_path / "trace"
    async with running_storage(data) as storage:
        await storage.add_accounts(ANN)
        grant = (await storage.login(ANN)).grant
    disk = Disk(data)
    async with traced(tmp_path, data, trace) as buses:
        promises = await work(buses, grant, trace)
    dice = random.Random(60)
    lines = lines_of(trace)
    for crash in moments(promises, max(at for at, _ in promises.messages), dice):
        for offset, line in lines:
            disk.play(line)
            if offset >= crash:
                break
        for kept in (0.0, 0.5):
            found = tmp_path / f"{crash}-{kept}"
            found.mkdir()
            disk.after_crash(found, dice, kept)
            async with running_storage(found) as storage:
                await assert_kept(storage, grant, promises, crash)
            shutil.rmtree(found)


def test_a_disk_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """The disk itself, with a program that syncs one file of three and one name of two."""
    data, trace = tmp_path / "data", tmp_path / "trace"
    data.mkdir()
    (data / "old").write_bytes(b"old")
    disk = Disk(data)
    program = """
import os, sys
def here(name):
    return os.path.join(sys.argv[1], name)
for name in ("synced", "named", "neither"):
    with open(here(name), "wb") as file:
        file.write(b"first")
        file.flush()
        if name == "synced":
            os.fsync(file.fileno())
            file.write(b" second")
folder = os.open(sys.argv[1], os.O_RDONLY)
os.rename(here("neither"), here("gone"))
os.unlink(here("old"))
os.fsync(folder)
os.rename(here("gone"), here("neither"))
os.rename(here("named"), here("renamed"))
"""
    subprocess.run([*STRACE, "-o", str(trace), sys.executable, "-c", program, str(data)], check=True, timeout=60)
    wait_for_end(trace)
    for _, line in lines_of(trace):
        disk.play(line)
    found = tmp_path / "found"
    found.mkdir()
    disk.after_crash(found, random.Random(0), 0.0)
    assert {path.name: path.read_bytes() for path in found.iterdir()} == {
        "synced": b"first",
        "named": b"",
        "gone": b"",
    }
    disk.after_crash(found, random.Random(0), 1.0)
    assert (found / "synced").read_bytes() == b"first second"
    assert (found / "named").read_bytes() == b"first"


def wait_for_end(trace: Path) -> None:
    """strace is a stranger here: it may still be writing when the program has ended."""
    until(lambda: trace.exists() and b"exited with" in trace.read_bytes(), 20)
