"""A PostgreSQL that has no room, no memory or no disk to speak of: all is refused for now, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import trio

from services.storage import config
from services.storage.engines.database import Trouble
from services.storage.engines.open import open_database
from shared.contracts import mailboxes, messages, spool
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Append
from shared.contracts.spool import Accept
from tests.support import databases
from tests.support.databases import Places
from tests.support.postgresql import PostgresServer, running_postgres
from tests.support.running_storage import SETTINGS, RunningStorage, claim, letter, running_storage
from tests.support.storage import letter_octets, new

pytestmark = pytest.mark.postgresql

HURRIED = config.Postgresql(statement_timeout=2.0, lock_timeout=0.5, patience=1.0, silence=2.0)
TEMPORARY = {
    "53100": Trouble.FULL,  # disk full
    "53200": Trouble.BUSY,  # out of memory
    "53400": Trouble.BUSY,  # a configured limit
    "57014": Trouble.BUSY,  # cancelled
    "57P03": Trouble.LOST,  # cannot connect now
    "58030": Trouble.BUSY,  # a disk that fails
}
SMALL = 48 * 1024 * 1024  # octets of a disk: an empty database takes a third of it


@pytest.mark.parametrize("state", sorted(TEMPORARY))
def test_what_the_server_says_is_understood(postgres: Places, state: str) -> None:
    database = open_database(postgres.url(Path("/nowhere")))
    error = psycopg.errors.lookup(state)("said by the server")
    assert database.trouble(error) is TEMPORARY[state]
    database.close()


@asynccontextmanager
async def storage_in(folder: Path, database: str) -> AsyncIterator[tuple[RunningStorage, bytes]]:
    settings = replace(SETTINGS, database=database, postgresql=HURRIED)
    async with running_storage(folder, settings) as storage:
        await storage.add_accounts("ann@example.org")
        yield storage, (await storage.login("ann@example.org")).grant


async def append(storage: RunningStorage, grant: bytes, key: str, text: str = "Hi.\r\n") -> None:
    octets = letter_octets(key, text)
    await storage.ask("imap", messages.append, Append(grant, key, "INBOX", (new(octets),)))


async def accept(storage: RunningStorage, handed_in: Accept) -> None:
    await storage.ask("smtp", spool.accept, handed_in)


async def insist(ask: Callable[[], Awaitable[None]]) -> None:
    """Until it is done: a server that was lost is sought again now and then."""
    with trio.fail_after(20):
        while await code_of(ask()) is Code.UNAVAILABLE:  # noqa: ASYNC110 - another process
            await trio.sleep(0.1)


async def code_of(asking: Awaitable[None]) -> Code | None:
    """Why it was refused, within ten seconds; None if it was not."""
    try:
        with trio.fail_after(10):
            await asking
    except Refused as refused:
        return refused.code
    return None


async def count(storage: RunningStorage, grant: bytes) -> int:
    return (await storage.ask("imap", mailboxes.open, Open(grant, "INBOX", writable=False))).messages


def refuse_writes(folder: Path, table: str, state: str) -> None:
    """Let the server answer every insertion as it would in trouble."""
    body = f"BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END"
    databases.change(folder, f"CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    when = f"BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION trouble()"
    databases.change(folder, f"CREATE TRIGGER trouble {when}")


@pytest.mark.parametrize("state", sorted(TEMPORARY))
async def test_case_61_writes_are_refused_for_now_and_done_once_when_they_may_be(tmp_path: Path, state: str) -> None:
    async with storage_in(tmp_path, databases.url_in(tmp_path)) as (storage, grant):
        await append(storage, grant, "one")
        handed_in = letter("ann@example.org")
        refuse_writes(tmp_path, "content", state)  # whatever is kept, its octets are written first
        for asking in (append(storage, grant, "two"), accept(storage, handed_in)):
            assert await code_of(asking) is Code.UNAVAILABLE
        assert await count(storage, grant) == 1, "what is there can be read"
        databases.change(tmp_path, "DROP FUNCTION trouble() CASCADE")
        for _ in range(2):  # under the same keys
            await insist(lambda: append(storage, grant, "two"))
            await insist(lambda: accept(storage, handed_in))
        assert await count(storage, grant) == 2
        (claimed,) = (await storage.ask("delivery", spool.claim, claim())).letters
        assert claimed.id == handed_in.letter


@contextmanager
def small_disk(server: PostgresServer) -> Iterator[Path]:
    """A disk of its own for tables, which somebody else may fill."""
    place = server.folder / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", place], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        tables = place / "tables"
        tables.mkdir()
        owner = server.data.stat()
        os.chown(tables, owner.st_uid, owner.st_gid)
        server.execute(f"CREATE TABLESPACE small LOCATION '{tables}'")
        yield place
    finally:
        server.stop()
        subprocess.run(["umount", "-l", place], check=True)


async def test_case_61_a_disk_that_is_really_full(tmp_path: Path) -> None:
    with running_postgres() as server, small_disk(server) as place:
        database = server.create()
        server.execute(f"ALTER DATABASE {database} SET TABLESPACE small")
        async with storage_in(tmp_path, server.url(database)) as (storage, grant):
            filler = place / "filler"
            filler.write_bytes(bytes(os.statvfs(place).f_bavail * os.statvfs(place).f_frsize))
            for kept in range(100):
                said = await code_of(append(storage, grant, str(kept), os.urandom(60_000).hex() + "\r\n"))
                if said is not None:
                    break
            assert said is Code.UNAVAILABLE
            assert await count(storage, grant) == kept, "what was acknowledged, and no more"
            filler.unlink()
            await append(storage, grant, "after")
            assert await count(storage, grant) == kept + 1
