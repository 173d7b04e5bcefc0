"""What storage does for backups and restorations: pins, streams, the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
import trio

from services.storage import config
from services.storage.gate import Restored
from services.storage.rules import flags
from shared.base.ids import new_ulid
from shared.contracts import backup, blobs, mailboxes, messages, restore, spool
from shared.contracts.backup import Begin, Begun, Extend, Wanted
from shared.contracts.blobs import Body
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.messages import Append, New
from shared.contracts.restore import Clear, Finish, Returned, Rows
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender, fetch
from tests.support.running_storage import SETTINGS, RunningStorage, letter, running_storage

BOB = "bob@example.org"
QUICK = replace(SETTINGS, sweep=config.Sweep(interval=0.02))


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[RunningStorage]:
    async with running_storage(tmp_path, QUICK) as running:
        await running.add_accounts(BOB)
        yield running


async def tables(begun: Begun) -> dict[str, list[dict[str, Any]]]:
    """The rows of a stream, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    columns: list[str] = []
    rows: list[dict[str, Any]] = []
    whole = False
    unpacker = msgpack.Unpacker()
    async with aclosing(fetch(begun.url)) as pieces:
        async for piece in pieces:
            unpacker.feed(piece)
    for value in unpacker:
        if isinstance(value, list):
            rows.append(dict(zip(columns, value, strict=True)))
        elif "table" in value:
            columns, rows = value["columns"], found.setdefault(value["table"], [])
        elif "end" in value:
            assert len(found[value["end"]]) == value["rows"]
        whole = isinstance(value, dict) and "whole" in value
    assert whole
    return found


async def append(storage: RunningStorage, octets: bytes) -> None:
    grant = (await storage.login(BOB)).grant
    body = Body(octets)
    if len(octets) > blobs.INLINE:
        ticket = await storage.ask("imap", blobs.upload, blobs.UploadRequest(len(octets)))
        async with BulkSender(ticket.url) as sender:
            await sender.send(octets)
            await sender.finish()
        body = Body(b"", ticket.upload)
    new = New(body, summarise(octets), ("\\Deleted",), None)
    await storage.ask("imap", messages.append, Append(grant, new_ulid(), "INBOX", (new,)))


async def expunge_all(storage: RunningStorage, mailbox: int) -> None:
    grant = (await storage.login(BOB)).grant
    await storage.ask("imap", messages.expunge, messages.Expunge(grant, new_ulid(), mailbox))


async def contents(storage: RunningStorage, lease: str, ids: list[int]) -> backup.Contents:
    return await storage.ask("backup", backup.contents, Wanted(lease, tuple(ids)))


SMALL = b"Subject: small\r\n\r\nHello.\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"x" * 400_000


async def test_the_stream_holds_one_moment_and_the_bodies_stay_until_the_lease_ends(storage: RunningStorage) -> None:
    await append(storage, SMALL)
    await append(storage, LARGE)
    begun = await storage.ask("backup", backup.begin, Begin(60.0))
    found = await tables(begun)
    assert [row["address"] for row in found["account"]] == [BOB]
    assert [row["uses"] for row in found["content"]] == [1, 1]
    assert "dedupe" not in found
    ids = [row["id"] for row in found["content"]]
    await expunge_all(storage, found["message"][0]["mailbox_id"])
    await trio.sleep(0.1)  # the sweeper has been there several times
    small, large = (await contents(storage, begun.lease, ids)).contents
    assert (small.octets, small.summary) == (SMALL, summarise(SMALL))
    assert large.octets == LARGE[: large.summary.header_size]
    async with aclosing(fetch(large.url)) as pieces:
        assert b"".join([piece async for piece in pieces]) == LARGE
    assert (Path(begun.files) / large.location).read_bytes() == LARGE
    await storage.ask("backup", backup.extend, Extend(begun.lease, 0.0))
    with trio.fail_after(10):
        while (await contents(storage, begun.lease, ids)).contents:
            await trio.lowlevel.checkpoint()  # the sweeper comes by itself, and tells nobody
    with pytest.raises(Refused) as refused:
        await storage.ask("backup", backup.extend, Extend(begun.lease, 60.0))
    assert refused.value.code is Code.STALE


async def test_an_answer_fits_a_frame_and_says_how_far_it_came(storage: RunningStorage) -> None:
    for number in range(8):
        await append(storage, b"Subject: %d\r\n\r\n" % number + b"y" * 200_000)
    begun = await storage.ask("backup", backup.begin, Begin(60.0))
    ids = [row["id"] for row in (await tables(begun))["content"]]
    first = await contents(storage, begun.lease, [*ids[:1], 999, *ids[1:]])
    assert [each.id for each in first.contents] == ids[:2]
    assert first.answered == 3
    assert await contents(storage, begun.lease, [999, 998]) == backup.Contents((), 2)


async def test_a_forged_ticket_opens_nothing(storage: RunningStorage) -> None:
    begun = await storage.ask("backup", backup.begin, Begin(60.0))
    ticket = await storage.ask("imap", blobs.upload, blobs.UploadRequest(10))
    for url in (begun.url[:-3] + "AAA", ticket.url.replace("/upload/", "/snapshot/")):
        with pytest.raises(Unavailable, match="403"):
            await tables(begun._replace(url=url))


async def test_a_restoration_needs_an_empty_installation(storage: RunningStorage) -> None:
    begun = await storage.ask("backup", backup.begin, Begin(60.0))
    for schema, code in ((begun.schema, Code.ALREADY_EXISTS), ("0001", Code.CANNOT), ("9999", Code.CANNOT)):
        with pytest.raises(Refused) as refused:
            await storage.ask("admin", restore.begin, restore.Begin(schema))
        assert refused.value.code is code
    await storage.login(BOB)


async def test_while_a_backup_is_restored_nobody_else_is_served(tmp_path: Path) -> None:
    async with running_storage(tmp_path / "source", SETTINGS) as source:
        await source.add_accounts(BOB)
        await append(source, SMALL)
        begun = await source.ask("backup", backup.begin, Begin(60.0))
        found = await tables(begun)
    async with running_storage(tmp_path / "target", SETTINGS) as target:
        first = await target.ask("admin", restore.begin, restore.Begin(begun.schema))
        with pytest.raises(Refused, match="restored"):
            await target.ask("smtp", spool.accept, letter(BOB))
        second = await target.ask("admin", restore.begin, restore.Begin(begun.schema))
        await send(target, second.restoration, found, "domain")
        with pytest.raises(Refused) as refused:
            await send(target, first.restoration, found, "account")
        assert refused.value.code is Code.STALE
    async with running_storage(tmp_path / "target", SETTINGS) as target:  # the gate stands closed after a restart
        with pytest.raises(Refused, match="restored"):
            await target.login(BOB)
        third = (await target.ask("admin", restore.begin, restore.Begin(begun.schema))).restoration
        while (await target.ask("admin", restore.clear, Clear(third))).more:
            pass
        (row,) = found["content"]
        content = restore.Content(row["id"], row["hash"], 1, row["created"], Body(SMALL), summarise(SMALL))
        for _ in range(2):
            await target.ask("admin", restore.contents, restore.Contents(third, (content,)))
            for table in found:
                if table != "content":
                    await send(target, third, found, table)
        false = content._replace(body=Body(b"something else"))
        with pytest.raises(Refused) as refused:
            await target.ask("admin", restore.contents, restore.Contents(third, (false,)))
        assert refused.value.code is Code.MALFORMED
        with pytest.raises(Refused) as refused:
            await target.ask("admin", restore.rows, Rows(third, "account", ("id",), ((7,),)))
        assert refused.value.code is Code.MALFORMED
    with pytest.RaisesGroup(Restored, flatten_subgroups=True):
        async with running_storage(tmp_path / "target", SETTINGS) as target:
            await target.ask("admin", restore.finish, Finish(third, ()))
            await trio.sleep(10)
    async with running_storage(tmp_path / "target", SETTINGS) as target:
        login = await target.login(BOB)
        opened = await target.ask("imap", mailboxes.open, mailboxes.Open(login.grant, "INBOX", False))
        assert opened.uidnext > 100_000
        again = await target.ask("admin", restore.finish, Finish(third, ()))  # the answer may have been lost
        assert again == Done()


async def send(target: RunningStorage, restoration: str, found: dict[str, list[dict[str, Any]]], table: str) -> None:
    rows = found[table]
    if rows:
        columns = tuple(rows[0])
        values = tuple(tuple(row.values()) for row in rows)
        await target.ask("admin", restore.rows, Rows(restoration, table, columns, values))


def test_flags_below_32_are_those_of_the_contract() -> None:
    assert {flag: 1 << bit for bit, flag in enumerate(backup.SYSTEM_FLAGS)} == flags.BITS
    assert 1 << len(backup.SYSTEM_FLAGS) == flags.FIRST_INTERNED


async def test_messages_come_back_into_a_folder_that_is_made(storage: RunningStorage) -> None:
    await append(storage, SMALL)
    new = New(Body(SMALL), summarise(SMALL), ("\\Seen", "$Later", "bad flag"), 1_000_000_000)
    back = restore.File(new_ulid(), BOB, "Restored/today/INBOX", (Returned(new, b"X: y\r\n"),) * 2)
    for _ in range(2):  # the second time it is the same call, repeated
        assert await storage.ask("admin", restore.file, back) == restore.Filed(2)
    begun = await storage.ask("backup", backup.begin, Begin(60.0))
    found = await tables(begun)
    (made,) = [row for row in found["mailbox"] if row["name"] == "Restored/today/INBOX"]
    rows = [row for row in found["message"] if row["mailbox_id"] == made["id"]]
    assert [(row["uid"], row["prefix"], row["date"]) for row in rows] == [
        (1, b"X: y\r\n", 1_000_000_000),
        (2, b"X: y\r\n", 1_000_000_000),
    ]
    assert (made["messages"], made["unseen"], made["octets"]) == (2, 0, 2 * (len(SMALL) + 6))
    assert [row["uses"] for row in found["content"]] == [3], "the content is there already"
    assert {"account_id": made["account_id"], "name": "Restored/today/INBOX"} in found["subscription"]
    for address, mailbox, code in (("nobody@example.org", "X", Code.NOT_FOUND), (BOB, "a//b", Code.CANNOT)):
        with pytest.raises(Refused) as refused:
            await storage.ask("admin", restore.file, back._replace(key=new_ulid(), address=address, mailbox=mailbox))
        assert refused.value.code is code
