"""A PostgreSQL that goes away, falls silent or takes no writes: callers are told in time, and it is found again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import trio

from services.storage import config
from services.storage.engines.open import open_database
from shared.base.errors import ConfigurationError, StartError
from shared.contracts import mailboxes, messages
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Append
from tests.support.databases import Places
from tests.support.postgresql import PostgresServer, running_postgres
from tests.support.running_storage import SETTINGS, RunningStorage, running_storage
from tests.support.storage import letter_octets, new

pytestmark = pytest.mark.postgresql

HURRIED = config.Postgresql(statement_timeout=1.0, lock_timeout=0.5, patience=1.5, silence=2.0)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One of our own: it is stopped."""
    with running_postgres() as started:
        yield started


@asynccontextmanager
async def storage_on(
    server: PostgresServer, database: str, folder: Path
) -> AsyncIterator[tuple[RunningStorage, bytes]]:
    settings = replace(SETTINGS, database=server.url(database), postgresql=HURRIED)
    async with running_storage(folder, settings) as storage:
        await storage.add_accounts("ann@example.org")
        yield storage, (await storage.login("ann@example.org")).grant


async def append(storage: RunningStorage, grant: bytes, key: str) -> None:
    await storage.ask("imap", messages.append, Append(grant, key, "INBOX", (new(letter_octets(key)),)))


async def told_to_try_again(storage: RunningStorage, grant: bytes, key: str) -> None:
    """A change and a question are both answered, in less than ten seconds."""
    with trio.fail_after(10):
        with pytest.raises(Refused) as refused:
            await append(storage, grant, key)
        assert refused.value.code is Code.UNAVAILABLE
    with trio.fail_after(10):
        with pytest.raises(Refused) as refused:
            await storage.ask("imap", mailboxes.open, Open(grant, "INBOX", writable=False))
        assert refused.value.code is Code.UNAVAILABLE


async def works_again(storage: RunningStorage, grant: bytes, key: str, messages_now: int) -> None:
    with trio.fail_after(20):
        while True:
            try:
                await append(storage, grant, key)
                opened = await storage.ask("imap", mailboxes.open, Open(grant, "INBOX", writable=False))
                break
            except Refused:
                await trio.sleep(0.1)
    assert opened.messages == messages_now


async def test_case_65_a_server_that_is_gone_and_comes_back(server: PostgresServer, tmp_path: Path) -> None:
    async with storage_on(server, server.create(), tmp_path) as (storage, grant):
        await append(storage, grant, "one")
        await trio.to_thread.run_sync(server.crash)
        await told_to_try_again(storage, grant, "two")
        await trio.to_thread.run_sync(server.start)
        await works_again(storage, grant, "two", 2)


async def test_a_restart_is_waited_for(server: PostgresServer, tmp_path: Path) -> None:
    database = server.create()
    async with storage_on(server, database, tmp_path) as (storage, grant):
        async with trio.open_nursery() as nursery:
            await trio.to_thread.run_sync(server.stop)
            nursery.start_soon(append, storage, grant, "one")
            nursery.start_soon(trio.to_thread.run_sync, server.start)
        await works_again(storage, grant, "two", 2)


async def test_case_65_a_server_that_falls_silent(server: PostgresServer, tmp_path: Path) -> None:
    database = server.create()
    async with storage_on(server, database, tmp_path) as (storage, grant):
        await append(storage, grant, "one")
        backends = [
            psutil.Process(pid)
            for (pid,) in server.execute(
                f"SELECT pid FROM pg_stat_activity WHERE application_name = 'eilpost' AND datname = '{database}'"
            )
        ]
        for backend in backends:
            backend.suspend()
        try:
            with trio.fail_after(10):
                await append(storage, grant, "two")  # over another connection
        finally:
            for backend in backends:
                backend.resume()
        await works_again(storage, grant, "three", 3)


async def test_case_65_a_primary_that_takes_no_writes(server: PostgresServer, tmp_path: Path) -> None:
    database = server.create()
    async with storage_on(server, database, tmp_path) as (storage, grant):
        server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        ours = f"application_name = 'eilpost' AND datname = '{database}'"
        server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
        await told_to_try_again(storage, grant, "one")
        server.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
        await works_again(storage, grant, "one", 1)


async def test_case_65_a_standby_takes_over(tmp_path: Path) -> None:
    with running_postgres() as primary:
        standby = primary.standby(primary.folder.parent / "standby")
        database = primary.create()
        url = f"postgresql://eilpost@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{database}"
        try:
            settings = replace(SETTINGS, database=url, postgresql=HURRIED)
            async with running_storage(tmp_path, settings) as storage:
                await storage.add_accounts("ann@example.org")
                grant = (await storage.login("ann@example.org")).grant
                await append(storage, grant, "one")
                followed = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) = 0 FROM pg_stat_replication"
                with trio.fail_after(20):
                    while primary.execute(followed) != [(True,)]:  # noqa: ASYNC110 - another process
                        await trio.sleep(0.05)
                await trio.to_thread.run_sync(primary.crash)
                await told_to_try_again(storage, grant, "two")
                await trio.to_thread.run_sync(standby.promote)
                await works_again(storage, grant, "two", 2)
        finally:
            standby.stop()


def test_what_cannot_be_used_is_said_in_a_line(postgres: Places) -> None:
    with pytest.raises(StartError) as refused:
        open_database("postgresql://eilpost:secret@127.0.0.1:9/none", config.Postgresql())
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"storage\.database"):
        open_database("postgresql://host/none?no_such_word=1", config.Postgresql())
    name = postgres.server.create()
    postgres.server.execute(f"UPDATE pg_database SET encoding = 0 WHERE datname = '{name}'")
    with pytest.raises(StartError, match="UTF8"):
        open_database(postgres.server.url(name))
    postgres.server.drop(name)
