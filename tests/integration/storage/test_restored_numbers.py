"""Abuse case 70: what clients know of the time after a backup is nothing to them once it was restored."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.admin.backup.folder import Folder, Manifest
from services.admin.backup.restoring import restore_all
from services.admin.backup.taking import take
from services.admin.verify.walk import walk
from services.storage.gate import Restored
from shared.base.ids import new_ulid
from shared.contracts import mailboxes, messages
from shared.contracts.mailboxes import Create, Named, Open, Opened
from shared.contracts.messages import Append
from tests.support.running_storage import RunningStorage, running_storage
from tests.support.storage import letter_octets, new

ANN, BOB = "ann@example.org", "bob@example.org"
NAMES = ("INBOX", "Work")


async def fill(storage: RunningStorage, grant: bytes, mailbox: str, count: int) -> None:
    for _ in range(count):
        added = new(letter_octets(new_ulid()))
        await storage.ask("imap", messages.append, Append(grant, new_ulid(), mailbox, (added,)))


async def opened(storage: RunningStorage, grant: bytes) -> dict[str, Opened]:
    return {name: await storage.ask("imap", mailboxes.open, Open(grant, name, writable=False)) for name in NAMES}


async def restored(folder: Folder, manifest: Manifest, place: Path, *, keep: bool) -> None:
    with pytest.RaisesGroup(Restored, flatten_subgroups=True):
        async with running_storage(place) as target:
            await restore_all(target.bus("admin"), folder, manifest, keep_uidvalidity=keep)


@pytest.mark.parametrize("keep", [False, True])
async def test_case_70_a_restored_backup_has_a_higher_uidvalidity(tmp_path: Path, keep: bool) -> None:
    folder = Folder(tmp_path / "backup")
    async with running_storage(tmp_path / "one") as storage:
        await storage.add_accounts(ANN, BOB)
        grant = (await storage.login(ANN)).grant
        await storage.ask("imap", mailboxes.create, Create(grant, new_ulid(), "Work"))
        for name in NAMES:
            await fill(storage, grant, name, 3)
        before = await opened(storage, grant)
        with folder.open_for_writing():
            manifest = (await take(storage.bus("backup"), folder)).manifest
        await fill(storage, grant, "INBOX", 2)
        for _ in range(20):  # each gets a number of its own, ahead of the clock
            await storage.ask("imap", mailboxes.delete, Named(grant, new_ulid(), "Work"))
            await storage.ask("imap", mailboxes.create, Create(grant, new_ulid(), "Work"))
        known = await opened(storage, grant)
    await restored(folder, manifest, tmp_path / "two", keep=keep)
    async with running_storage(tmp_path / "two") as storage:
        grant = (await storage.login(ANN)).grant
        found = await opened(storage, grant)
        for name in NAMES:
            assert found[name].messages == 3
            assert found[name].uidnext > known[name].uidnext
            if keep:
                assert found[name].uidvalidity == before[name].uidvalidity
            else:
                assert found[name].uidvalidity > known[name].uidvalidity
        assert len({each.uidvalidity for each in found.values()}) == len(NAMES)
        assert (await walk(storage.bus("admin"), deep=True)).findings == []
        await storage.ask("imap", mailboxes.delete, Named(grant, new_ulid(), "Work"))
        await storage.ask("imap", mailboxes.create, Create(grant, new_ulid(), "Work"))
        assert (await opened(storage, grant))["Work"].uidvalidity > found["Work"].uidvalidity
