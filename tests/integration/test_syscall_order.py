"""Nothing is acknowledged before it is on disk, proved by the order of system calls of a real storage process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from shared.bus.client import Bus
from shared.bus.nats import open_bus
from shared.contracts import blobs, spool
from shared.contracts.blobs import Body, UploadRequest
from shared.net.bulk import BulkSender
from tests.support.answering import answering
from tests.support.broker import PASSWORDS, nats_server
from tests.support.running_storage import letter

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

CALLS = "fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg,rename,renameat2"
SYNCS = ("fsync", "fdatasync")
_LINE = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")


class Call(NamedTuple):
    """A finished system call: where it began and ended in the trace."""

    name: str
    text: str
    began: int
    ended: int


class Traced(NamedTuple):
    bus: Bus
    trace: Path

    def calls(self, after: int) -> list[Call]:
        """The calls in the trace behind the first ``after`` octets, by their end."""
        lines = self.trace.read_bytes()[after:].decode(errors="replace").splitlines()
        open_calls: dict[str, tuple[str, str, int]] = {}
        calls: list[Call] = []
        for number, line in enumerate(lines):
            if found := _RESUMED.match(line):
                if found["pid"] in open_calls:
                    name, text, began = open_calls.pop(found["pid"])
                    calls.append(Call(name, text + found["rest"], began, number))
            elif found := _LINE.match(line):
                if line.endswith("<unfinished ...>"):
                    open_calls[found["pid"]] = (found["name"], found["rest"], number)
                else:
                    calls.append(Call(found["name"], found["rest"], number, number))
        return calls


@asynccontextmanager
async def traced_storage(folder: Path) -> AsyncIterator[Traced]:
    """``python -m services.storage`` under strace, on a real broker reached by plain TCP, whose replies are legible.

    ``-D`` makes storage itself our child, and strace a stranger that ends with it.
    """
    trace = folder / "trace"
    async with nats_server(folder) as broker:
        environment = {
            "PATH": os.environ["PATH"],
            "EILPOST_BUS__URL": broker.nats,
            "EILPOST_BUS__PASSWORD": PASSWORDS["storage"],
            "EILPOST_STORAGE__DATA": str(folder / "data"),
            "EILPOST_STORAGE__PORT__PORT": "0",
            "EILPOST_STORAGE__KEEP_FREE": "0",
        }
        strace = ["strace", "-D", "-f", "-y", "-s", "200", "-e", f"trace={CALLS}", "-o", str(trace)]
        with (folder / "storage.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220
                [*strace, sys.executable, "-m", "services.storage"], env=environment, stdout=log, stderr=log
            )
        try:
            async with open_bus(
                (broker.nats,), "smtp", "test", PASSWORDS["smtp"], structlog.get_logger(), ssl_context=None
            ) as bus:
                await answering(bus)
                yield Traced(bus, trace)
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


def _first(calls: list[Call], fits: Callable[[Call], bool]) -> Call:
    return next(call for call in calls if fits(call))


def _is_answer(call: Call) -> bool:
    return call.name in ("sendto", "sendmsg", "write", "writev") and "_INBOX.smtp" in call.text


def _assert_synced_before(calls: list[Call], answer: Call) -> None:
    """A commit was written to the WAL and synced before the answer began; the next one may have begun by then."""
    writes = [c for c in calls if c.name == "pwrite64" and "eilpost.db-wal>" in c.text]
    syncs = [c for c in calls if c.name in SYNCS and "eilpost.db-wal>" in c.text and c.ended < answer.began]
    assert syncs
    assert any(write.ended < max(sync.began for sync in syncs) for write in writes)


def _begin_of_commit(calls: list[Call], answer: Call) -> Call:
    """The first write of the transaction whose sync is the last before the answer; others may have come before it."""
    wal = [c for c in calls if "eilpost.db-wal>" in c.text and c.began < answer.began]
    *earlier, last = [c for c in wal if c.name in SYNCS]
    after = earlier[-1].began if earlier else 0
    return _first(wal, lambda c: c.name == "pwrite64" and after < c.began < last.began)


async def test_case_60_a_letter_is_on_disk_before_it_is_accepted(tmp_path: Path) -> None:
    async with traced_storage(tmp_path) as traced:
        before = traced.trace.stat().st_size
        await traced.bus.call(spool.accept, letter("x@elsewhere.example"))
        calls = traced.calls(before)
        _assert_synced_before(calls, _first(calls, _is_answer))


async def test_case_60_a_large_body_is_on_disk_before_its_row_and_its_row_before_the_answer(tmp_path: Path) -> None:
    octets = b"Subject: Large\r\n\r\n" + b"x" * 300_000
    async with traced_storage(tmp_path) as traced:
        ticket = await traced.bus.call(blobs.upload, UploadRequest(1_000_000))
        before = traced.trace.stat().st_size
        async with BulkSender(ticket.url) as sender:
            await sender.send(octets)
            await sender.finish()
        calls = traced.calls(before)
        body = _first(calls, lambda c: c.name == "fsync" and "/incoming/" in c.text)
        name = _first(calls, lambda c: c.name.startswith("rename") and ticket.upload in c.text)
        folder = _first(calls, lambda c: c.name == "fsync" and c.began > name.ended and "/blobs/" in c.text)
        answer = _first(calls, lambda c: "201" in c.text and "HTTP/1.1" in c.text)
        row = _begin_of_commit(calls, answer)
        order = [body.ended, name.began, folder.began, row.began, answer.began]
        assert order == sorted(order)
        assert folder.ended < row.began
        _assert_synced_before(calls, answer)
        before = traced.trace.stat().st_size
        await traced.bus.call(
            spool.accept, letter("x@elsewhere.example", octets=octets)._replace(body=Body(b"", ticket.upload))
        )
        calls = traced.calls(before)
        _assert_synced_before(calls, _first(calls, _is_answer))
