"""The indexer beside a running storage: it catches up by itself, goes on after a restart, and may be switched off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import trio

from services.storage import config
from shared.contracts import mailboxes, messages, search
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Append
from shared.contracts.search import Field, Leaf, Search
from tests.support import databases
from tests.support.running_storage import SETTINGS, RunningStorage, running_storage
from tests.support.storage import letter_octets, new

QUICK = replace(SETTINGS, search=config.Search(quiet=0.05, batch=7, pause=0.0))


def indexed(folder: Path) -> int:
    rows = databases.look(folder, "SELECT indexed FROM word_index")
    return rows[0][0] if rows else 0


async def append(storage: RunningStorage, first: int, count: int) -> bytes:
    grant = (await storage.login("ann@example.org")).grant
    letters = tuple(new(letter_octets(f"s{number}", f"word{number}\r\n")) for number in range(first, first + count))
    await storage.ask("imap", messages.append, Append(grant, f"key-{first}", "INBOX", letters))
    return grant


async def found(storage: RunningStorage, grant: bytes, text: str) -> int:
    inbox = (await storage.ask("imap", mailboxes.open, Open(grant, "INBOX", writable=False))).mailbox
    uids = b"".join(uid.to_bytes(4, "little") for uid in range(1, 100))
    reply = await storage.ask("imap", search.search, Search(grant, inbox, uids, (Leaf(Field.BODY, "", text),)))
    return len(reply.matches[0]) // 4


async def wait_indexed(folder: Path, contents: int) -> None:
    with trio.fail_after(20):
        while indexed(folder) < contents:  # noqa: ASYNC110 - another connection writes it
            await trio.sleep(0.05)


async def test_it_catches_up_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with running_storage(tmp_path, QUICK) as storage:
        await storage.add_accounts("ann@example.org")
        grant = await append(storage, 0, 30)
        assert await found(storage, grant, "ord1") == 11
        await wait_indexed(tmp_path, 30)
        assert await found(storage, grant, "ord1") == 11
    async with running_storage(tmp_path, QUICK) as storage:
        grant = await append(storage, 30, 5)
        assert await found(storage, grant, "ord3") == 6
        await wait_indexed(tmp_path, 35)
        assert await found(storage, grant, "ord3") == 6


async def test_it_may_be_switched_off(tmp_path: Path) -> None:
    off = replace(QUICK, search=config.Search(index=False, quiet=0.05))
    async with running_storage(tmp_path, off) as storage:
        await storage.add_accounts("ann@example.org")
        grant = await append(storage, 0, 30)
        await trio.sleep(0.3)
        assert indexed(tmp_path) == 0
        assert await found(storage, grant, "ord1") == 11
