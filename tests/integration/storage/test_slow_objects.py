"""An object store that is slow, or says nothing: nobody waits for long, and little is in memory."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio

from services.storage.config import StorageSettings
from shared.contracts import spool
from shared.contracts.errors import Unavailable
from tests.integration.storage.test_objects import BOB, LARGE, append, bodies, read, settings_for, upload
from tests.support.objects import S3Server
from tests.support.running_storage import letter, running_storage

SECONDS = 0.5  # of every time-out
PIECE = 64 * 1024
PAUSE = 0.01  # for each piece: some 6 MB/s


def reached_at(settings: StorageSettings, port: int, **limits: Any) -> StorageSettings:
    return replace(settings, objects=replace(settings.objects, endpoint=f"http://127.0.0.1:{port}", **limits))


@asynccontextmanager
async def slow_way(endpoint: str) -> AsyncIterator[int]:
    """A port from which one gets to ``endpoint``, slowly."""
    port = urlsplit(endpoint).port
    assert port is not None

    async def trickle(source: trio.SocketStream, target: trio.SocketStream) -> None:
        try:
            async for octets in source:
                for at in range(0, len(octets), PIECE):
                    await trio.sleep(PAUSE)
                    await target.send_all(octets[at : at + PIECE])
            await target.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def lead(client: trio.SocketStream) -> None:
        async with await trio.open_tcp_stream("127.0.0.1", port) as server, trio.open_nursery() as both:
            both.start_soon(trickle, client, server)
            both.start_soon(trickle, server, client)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, lead, 0)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_a_store_that_says_nothing_puts_off_large_bodies_only(tmp_path: Path, s3: S3Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        limits = {"timeout": SECONDS, "connect_timeout": SECONDS, "at_once": 2}
        settings = reached_at(settings_for(s3, tmp_path), silent.getsockname()[1], **limits)
        async with running_storage(tmp_path, settings) as storage:
            refused = []

            async def try_upload(number: int) -> None:
                with pytest.raises(Unavailable, match="503"):
                    await upload(storage, LARGE + b"%d" % number)
                refused.append(number)

            with trio.fail_after(20 * SECONDS):  # far less than one after the other
                async with trio.open_nursery() as nursery:
                    for number in range(40):
                        nursery.start_soon(try_upload, number)
                    await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
                    assert len(refused) < 40
            assert list((tmp_path / "incoming").iterdir()) == []


async def test_a_slow_store_gets_and_gives_large_bodies(tmp_path: Path, s3: S3Server) -> None:
    octets = LARGE * 12  # some 9 MB
    async with slow_way(s3.endpoint) as port:
        settings = reached_at(settings_for(s3, tmp_path), port)
        async with running_storage(tmp_path, settings) as storage:
            await storage.add_accounts(BOB)
            bulk = await append(storage, await upload(storage, octets), octets)
            assert await read(bulk) == octets
    assert len(bodies(s3, tmp_path)) == 1
