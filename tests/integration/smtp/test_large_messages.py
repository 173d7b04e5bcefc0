"""Messages that do not fit the bus, against a real storage and its data port."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio
from pysqlite3 import dbapi2

from services.smtp.config import SmtpSettings
from services.smtp.judgement.settings import JudgementSettings
from shared.contracts import messages, spool
from shared.contracts.blobs import INLINE
from shared.contracts.messages import Deliver, Filing, Target
from tests.support.authentication import key_pair, sign
from tests.support.running_storage import RunningStorage, running_storage
from tests.support.smtp_stage import UNJUDGED, Client, SmtpStage, smtp_stage

LINE = b"0123456789" * 7 + b"\r\n"


def stage_before(storage: RunningStorage, nursery: trio.Nursery, **settings: Any) -> SmtpStage:
    """The service in front of a real storage."""
    settings = {"hostname": "mx.example.org", "judgement": UNJUDGED, **settings}
    return SmtpStage(nursery, storage, storage.bus("smtp"), SmtpSettings(**settings))


async def begin(client: Client, recipient: str) -> None:
    await client.greeted()
    await client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<%b>\r\n" % recipient.encode())
    assert [each[:3] for each in await client.replies(2)] == ["250", "250"]


def blob(folder: Path, size: int) -> bytes:
    """The one stored file of that size."""
    (found,) = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size == size]
    return found.read_bytes()


@pytest.mark.parametrize("size", [INLINE - 4_000, INLINE + 1, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["DATA", "BDAT"])
async def test_a_message_of_any_size_is_stored_as_it_came(tmp_path: Path, size: int, chunked: bool) -> None:
    message = b"Subject: large\r\n\r\n" + LINE * (size // len(LINE))
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts("bob@example.org")
        client = stage_before(storage, nursery).connect()
        await begin(client, "bob@example.org")
        if chunked:
            await client.send(b"BDAT %d LAST\r\n" % len(message) + message)
        else:
            assert (await client.ask("DATA")).startswith("354 ")
            await client.send(message + b".\r\n")
        queued = await client.reply()
        assert queued.startswith("250 2.0.0 Ok: queued as ")
        (letter,) = (await storage.ask("admin", spool.trace, spool.Trace(queued.rpartition(" ")[2]))).letters
        assert letter.subject == "large"
        added = letter.size - len(message)
        assert 100 < added < 400
        if size > INLINE:
            assert blob(tmp_path, letter.size)[added:] == message
        nursery.cancel_scope.cancel()


def newest_message(folder: Path) -> tuple[bytes, int]:
    """Prefix and size of the message that was filed last."""
    with closing(dbapi2.connect(folder / "eilpost.db")) as database:
        row: tuple[bytes, int] = database.execute("SELECT prefix, size FROM message ORDER BY uid DESC").fetchone()
    return row


async def test_verdicts_on_a_streamed_message_stand_in_front_of_every_copy(tmp_path: Path) -> None:
    key, name, record = key_pair("rsa", "bank.example", "s1")
    letter = sign(b"From: info@bank.example\r\nSubject: large\r\n\r\n" + LINE * 20_000, key)
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts("bob@example.org")
        stage = stage_before(storage, nursery, judgement=JudgementSettings(dmarc_reject="quarantine"))
        stage.dns.records = {(name, "TXT"): [record], ("_dmarc.bank.example", "TXT"): ["v=DMARC1; p=reject"]}
        for octets, words in ((letter, (b"dkim=pass", b"dmarc=pass")), (letter[:-9], (b"dkim=fail", b"dmarc=fail"))):
            client = stage.connect()
            await begin(client, "bob@example.org")
            await client.ask("DATA")
            await client.send(octets.removesuffix(b"\r\n") + b"\r\n.\r\n")
            assert (await client.reply()).startswith("250 ")
            claimed = await storage.ask("delivery", spool.claim, spool.Claim("w", 10, 60.0))
            (claim,) = claimed.letters
            assert claim.junk is (b"dkim=fail" in words)
            (due,) = claim.due
            target = Target(due.resolution.accounts[0], "INBOX", b"Return-Path: <a@b>\r\n")
            filing = Filing(claim.id, claim.fence, due.number, (target,))
            await storage.ask("delivery", messages.deliver, Deliver((filing,)))
            prefix, size = newest_message(tmp_path)
            assert prefix.startswith(b"Return-Path: <a@b>\r\nAuthentication-Results: mx.example.org;\r\n")
            assert all(word in prefix for word in words)
            assert size == claim.size + len(target.prefix)
        nursery.cancel_scope.cancel()


async def test_a_connection_lost_while_streaming_leaves_nothing(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts("bob@example.org")
        client = stage_before(storage, nursery).connect()
        await begin(client, "bob@example.org")
        await client.ask("DATA")
        await client.send(b"Subject: half\r\n\r\n" + LINE * 20_000)
        assert isinstance(client.stream, trio.SocketStream)
        await client.stream.send_eof()
        assert await client.ends()
        assert not (await storage.ask("admin", spool.queue_list, spool.QueueFilter())).letters
        nursery.cancel_scope.cancel()


async def test_an_overrun_while_streaming_is_refused_at_the_end(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts("bob@example.org")
        client = stage_before(storage, nursery, message_limit=1_000_000).connect()
        await begin(client, "bob@example.org")
        await client.ask("DATA")
        await client.send(b"Subject: much\r\n\r\n" + LINE * 40_000 + b".\r\n")
        assert (await client.reply()).startswith("552 5.3.4")
        assert not (await storage.ask("admin", spool.queue_list, spool.QueueFilter())).letters
        assert (await client.ask("NOOP")).startswith("250 ")
        nursery.cancel_scope.cancel()


async def test_a_dead_data_port_is_temporary_trouble() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await begin(client, "bob@example.org")
        await client.ask("DATA")
        await client.send(b"Subject: large\r\n\r\n" + LINE * 10_000 + b".\r\n")
        assert (await client.reply()).startswith("451 4.3.0")
        assert not stage.storage.letters
        assert (await client.ask("NOOP")).startswith("250 ")
