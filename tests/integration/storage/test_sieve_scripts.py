"""Scripts of an account, over the bus: kept by its owner under a grant, or by the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.storage import config
from shared.base.ids import new_ulid
from shared.contracts import directory, sieve
from shared.contracts.errors import Code, Refused
from tests.support.running_storage import SETTINGS, RunningStorage, running_storage

ANN = "ann@example.org"
KEEP, STOP = b"keep;", b"stop;"


class Keeper:
    """Ann's scripts, asked for with her grant or by the administrator."""

    def __init__(self, storage: RunningStorage, service: str, **whose: Any) -> None:
        self.storage, self.service, self.whose = storage, service, whose

    async def put(self, name: str, octets: bytes = KEEP) -> None:
        await self._ask(sieve.put, sieve.Put(new_ulid(), name, octets, **self.whose))

    async def activate(self, name: str) -> None:
        await self._ask(sieve.activate, sieve.Activate(new_ulid(), name, **self.whose))

    async def rename(self, name: str, to: str) -> None:
        await self._ask(sieve.rename, sieve.Rename(new_ulid(), name, to, **self.whose))

    async def delete(self, name: str) -> None:
        await self._ask(sieve.delete, sieve.Delete(new_ulid(), name, **self.whose))

    async def space(self, name: str, size: int) -> None:
        await self._ask(sieve.have_space, sieve.HaveSpace(name, size, **self.whose))

    async def text(self, name: str) -> bytes:
        reply: sieve.Text = await self._ask(sieve.get, sieve.Get(name, **self.whose))
        return reply.octets

    async def names(self) -> list[tuple[str, bool]]:
        reply: sieve.Listed = await self._ask(sieve.listing, sieve.ListRequest(**self.whose))
        return [(script.name, script.active) for script in reply.scripts]

    async def _ask(self, op: Any, request: Any) -> Any:
        return await self.storage.ask(self.service, op, request)


async def keepers(storage: RunningStorage) -> Sequence[Keeper]:
    await storage.add_accounts(ANN, "bob@example.org")
    ann = await storage.login(ANN, "managesieve")
    return Keeper(storage, "managesieve", grant=ann.grant), Keeper(storage, "admin", address="Ann@Example.ORG")


async def refused(code: Code, call: Any, data: str = "") -> None:
    with pytest.raises(Refused) as refusal:
        await call
    assert (refusal.value.code, refusal.value.data) == (code, data)


async def test_owner_and_administrator_see_the_same_scripts(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        ann, admin = await keepers(storage)
        await ann.put("one")
        await admin.put("two", STOP)
        await admin.activate("one")
        assert await ann.names() == await admin.names() == [("one", True), ("two", False)]
        assert (await ann.text("two"), await admin.text("one")) == (STOP, KEEP)
        reply = await storage.ask("admin", sieve.listing, sieve.ListRequest(address=ANN))
        first = reply.scripts[0]
        assert (first.size, len(first.hash)) == (5, 64)
        assert first.modified > 1_700_000_000


async def test_one_script_is_active_and_stays_so_when_it_is_replaced_or_renamed(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        ann, _ = await keepers(storage)
        for name in ("one", "two"):
            await ann.put(name)
            await ann.activate(name)
        assert await ann.names() == [("one", False), ("two", True)]
        await ann.put("two", STOP)
        await ann.rename("two", "three")
        assert await ann.names() == [("one", False), ("three", True)]
        await refused(Code.NOT_FOUND, ann.activate("two"))
        assert await ann.names() == [("one", False), ("three", True)]
        await refused(Code.IN_USE, ann.delete("three"))
        await ann.activate("")
        await ann.delete("three")
        assert await ann.names() == [("one", False)]


async def test_names_that_are_missing_taken_or_impossible(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        ann, admin = await keepers(storage)
        await ann.put("one")
        await ann.put("zwei \N{GREEK SMALL LETTER BETA}")
        await refused(Code.ALREADY_EXISTS, ann.rename("one", "zwei \N{GREEK SMALL LETTER BETA}"))
        for call in (ann.text("no"), ann.delete("no"), ann.rename("no", "x"), ann.activate("no")):
            await refused(Code.NOT_FOUND, call)
        for name in ("", "a\x00b", "a\r\nb", "a\N{LINE SEPARATOR}b", "x" * 513, "\N{GREEK SMALL LETTER BETA}" * 257):
            await refused(Code.CANNOT, ann.put(name))
            await refused(Code.CANNOT, ann.rename("one", name))
        stranger = Keeper(storage, "admin", address="nobody@example.org")
        await refused(Code.NOT_FOUND, stranger.put("one"))
        assert len(await admin.names()) == 2


async def test_how_many_and_how_large(tmp_path: Path) -> None:
    settings = replace(SETTINGS, sieve=config.Sieve(scripts=2, script=100))
    async with running_storage(tmp_path, settings) as storage:
        ann, _ = await keepers(storage)
        await refused(Code.LIMIT, ann.put("one", b"#" * 101), "maxsize")
        await refused(Code.LIMIT, ann.space("one", 101), "maxsize")
        await ann.put("one", b"#" * 100)
        await ann.space("two", 100)
        await ann.put("two")
        await refused(Code.LIMIT, ann.put("three"), "maxscripts")
        await refused(Code.LIMIT, ann.space("three", 1), "maxscripts")
        await ann.space("two", 100)
        await ann.put("two", STOP)


async def test_an_address_counts_for_the_administrator_alone(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await keepers(storage)
        bob = await storage.login("bob@example.org", "managesieve")
        await refused(Code.FORBIDDEN, Keeper(storage, "managesieve", address=ANN).put("one"))
        await Keeper(storage, "managesieve", grant=bob.grant, address=ANN).put("bob's")
        assert await Keeper(storage, "admin", address=ANN).names() == []
        imap = await storage.login(ANN, "imap")
        await refused(Code.FORBIDDEN, Keeper(storage, "managesieve", grant=imap.grant).put("one"))


async def test_a_repeated_write_is_one_write(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        ann, _ = await keepers(storage)
        await ann.put("one")
        rename = sieve.Rename(new_ulid(), "one", "two", **ann.whose)
        for _ in range(2):
            await storage.ask("managesieve", sieve.rename, rename)
        assert await ann.names() == [("two", False)]


async def test_scripts_leave_with_their_account(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        _, admin = await keepers(storage)
        await admin.put("one")
        await admin.activate("one")
        await storage.ask("admin", directory.account_remove, directory.Name(ANN))
        await storage.add_accounts(ANN)
        assert await admin.names() == []
