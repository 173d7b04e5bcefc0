"""What one engine gave, the other takes: a backup is the way from SQLite to PostgreSQL, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.admin.backup.folder import Folder, Manifest
from services.admin.backup.restoring import restore_all
from services.admin.backup.tables import read
from services.admin.backup.taking import take
from services.admin.verify.walk import walk
from services.storage.gate import Restored
from shared.base.ids import new_ulid
from shared.contracts import blobs, messages, sieve, spool
from shared.contracts.blobs import Body
from shared.contracts.messages import Append, New
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender
from tests.support.running_storage import SETTINGS, RunningStorage, letter, running_storage

pytestmark = pytest.mark.postgresql

BOB = "bob@example.org"
STRANGE = b"Subject: =?utf-8?q?nul_=00_here?=\r\nFrom: \xff\xfe <x@y.example>\r\n\r\nstrange \x00 octets\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"x" * 400_000


async def populate(storage: RunningStorage) -> None:
    await storage.add_accounts(BOB, "ann@example.org")
    grant = (await storage.login(BOB)).grant
    ticket = await storage.ask("imap", blobs.upload, blobs.UploadRequest(len(LARGE)))
    async with BulkSender(ticket.url) as sender:
        await sender.send(LARGE)
        await sender.finish()
    for octets, body in ((STRANGE, Body(STRANGE)), (LARGE, Body(b"", ticket.upload))):
        new = New(body, summarise(octets), ("\\Seen", "$Work"), 1_000_000_000)
        await storage.ask("imap", messages.append, Append(grant, new_ulid(), "INBOX", (new, new)))
    await storage.ask("smtp", spool.accept, letter(BOB, "away@example.net"))
    await storage.ask("admin", sieve.put, sieve.Put(new_ulid(), "main", b"keep;", address=BOB))


async def copy(storage: RunningStorage, folder: Folder) -> Manifest:
    with folder.open_for_writing():
        return (await take(storage.bus("backup"), folder)).manifest


async def put_back(place: Path, database: str, folder: Folder, manifest: Manifest) -> None:
    """Into a new installation on ``database``, which ends when it is done."""
    with pytest.RaisesGroup(Restored, flatten_subgroups=True):
        async with running_storage(place, replace(SETTINGS, database=database)) as target:
            restored = await restore_all(target.bus("admin"), folder, manifest, keep_uidvalidity=True)
            assert not restored.lost


def rows(folder: Folder, manifest: Manifest, table: str) -> Sequence[dict[str, Any]]:
    """The rows of a table, without what a restoration changes."""
    columns, found = read(folder.table(manifest.id, table))
    found = (row for row in found if row[0] != "objects")  # a server key: whose the new place of bodies is
    leaping = {"uidnext", "modseq", "expunged_before"} if table == "mailbox" else set()
    return [{name: value for name, value in zip(columns, row, strict=True) if name not in leaping} for row in found]


async def test_from_sqlite_to_postgresql_and_back(tmp_path: Path) -> None:
    first, second, third = (Folder(tmp_path / name) for name in ("first", "second", "third"))
    sqlite = replace(SETTINGS, database=f"sqlite:///{tmp_path / 'one.db'}")
    async with running_storage(tmp_path / "one", sqlite) as source:
        await populate(source)
        manifest = await copy(source, first)
    assert manifest.missing == []
    await put_back(tmp_path / "two", "", first, manifest)  # the engine of this test
    async with running_storage(tmp_path / "two", SETTINGS) as moved:
        assert (await walk(moved.bus("admin"), deep=True)).findings == []
        on_postgresql = await copy(moved, second)
        await moved.login(BOB)
        await moved.add_accounts("new@example.org")  # numbers go on behind those that were restored
        await moved.ask("smtp", spool.accept, letter("new@example.org"))
    await put_back(tmp_path / "three", f"sqlite:///{tmp_path / 'three.db'}", second, on_postgresql)
    async with running_storage(
        tmp_path / "three", replace(SETTINGS, database=f"sqlite:///{tmp_path / 'three.db'}")
    ) as back:
        assert (await walk(back.bus("admin"), deep=True)).findings == []
        on_sqlite = await copy(back, third)
    for table in manifest.tables:
        before = rows(first, manifest, table)
        assert rows(second, on_postgresql, table) == before, table
        assert rows(third, on_sqlite, table) == before, table
