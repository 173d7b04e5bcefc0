"""What is wrong is found, exactly that, and mended; what is right is proved, whatever goes on meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from services.admin.verify.mending import Change, mend
from services.admin.verify.walk import Verdict, walk
from services.storage import config
from shared.base.ids import new_ulid
from shared.contracts import blobs, mailboxes, messages, spool
from shared.contracts.blobs import Body
from shared.contracts.messages import Append, New
from shared.contracts.verify import Proof
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender
from tests.support import databases
from tests.support.running_storage import SETTINGS, RunningStorage, letter, running_storage

BOB = "bob@example.org"
INDEXING = replace(SETTINGS, search=config.Search(quiet=0.02, pause=0.0))
LARGE = b"Subject: large\r\n\r\n" + b"x" * 400_000
MESSAGES = [b"Subject: number %d\r\n\r\nHello.\r\n" % number for number in range(4)] + [LARGE]


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[RunningStorage]:
    async with running_storage(tmp_path, INDEXING) as running:
        await running.add_accounts(BOB)
        grant = (await running.login(BOB)).grant
        for octets in MESSAGES:
            await append(running, octets, ("\\Seen", "$Work") if b"number 1" in octets else ())
        await append(running, b"Subject: gone\r\n\r\n", ("\\Deleted",))
        opened = await running.ask("imap", mailboxes.open, mailboxes.Open(grant, "INBOX", False))
        await running.ask("imap", messages.expunge, messages.Expunge(grant, new_ulid(), opened.mailbox))
        await running.ask("smtp", spool.accept, letter(BOB, "away@example.net"))
        with trio.fail_after(20):
            await indexed(tmp_path)
        yield running


async def indexed(folder: Path) -> None:
    """Until the index has everything."""
    question = "SELECT (SELECT max(indexed) FROM word_index) = (SELECT max(id) FROM content)"
    while await trio.to_thread.run_sync(databases.look, folder, question) != [(1,)]:
        await trio.lowlevel.checkpoint()


async def append(storage: RunningStorage, octets: bytes, flags: tuple[str, ...]) -> None:
    grant = (await storage.login(BOB)).grant
    body = Body(octets)
    if len(octets) > blobs.INLINE:
        ticket = await storage.ask("imap", blobs.upload, blobs.UploadRequest(len(octets)))
        async with BulkSender(ticket.url) as sender:
            await sender.send(octets)
            await sender.finish()
        body = Body(b"", ticket.upload)
    new = New(body, summarise(octets), flags, None)
    await storage.ask("imap", messages.append, Append(grant, new_ulid(), "INBOX", (new,)))


async def look(storage: RunningStorage) -> Verdict:
    return await walk(storage.bus("admin"), deep=True)


async def repair(storage: RunningStorage, verdict: Verdict) -> list[Change]:
    return await mend(storage.bus("admin"), verdict, dry_run=False)


async def test_everything_is_proved_while_mail_arrives(storage: RunningStorage) -> None:
    verdict = Verdict()

    async def arrive() -> None:
        for number in range(50):
            await append(storage, b"Subject: fresh %d\r\n\r\n" % number, ())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(arrive)
        for _ in range(5):
            verdict = await look(storage)
            assert verdict.findings == []
    assert all(verdict.proved[proof] for proof in Proof), verdict.proved
    assert verdict.proved[Proof.HISTORY] == 1
    assert verdict.proved[Proof.SPOOL] == 1


FIRST = "(SELECT min(id) FROM content)"
ONE = "(SELECT min(uid) FROM message)"
DAMAGES = {
    "a counter": ("UPDATE mailbox SET messages = messages + 1 WHERE name = 'INBOX'", {Proof.COUNTERS}),
    "another counter": ("UPDATE mailbox SET unseen = 0, octets = 7 WHERE name = 'INBOX'", {Proof.COUNTERS}),
    "what an account uses": ("UPDATE account SET octets = octets + 5", {Proof.QUOTAS}),
    "the last UIDVALIDITY": ("UPDATE account SET uidvalidity = 1", {Proof.QUOTAS}),
    "the next UID": ("UPDATE mailbox SET uidnext = 2 WHERE name = 'INBOX'", {Proof.UIDS}),
    "the highest modseq": ("UPDATE mailbox SET modseq = 2 WHERE name = 'INBOX'", {Proof.MODSEQS}),
    "a count of uses": (f"UPDATE content SET uses = uses + 1 WHERE id = {FIRST}", {Proof.USES}),
    "a rendered form": (f"UPDATE content SET body_structure = '' WHERE id = {FIRST}", {Proof.SUMMARIES}),
    "a size": (
        f"UPDATE message SET size = size + 1 WHERE uid = {ONE}",
        {Proof.MESSAGES, Proof.COUNTERS, Proof.QUOTAS},
    ),
    "an open recipient": ("UPDATE letter SET open = open + 1", {Proof.SPOOL}),
    "a UID that rose": (
        "INSERT INTO expunge (mailbox_id, modseq, uid, at) SELECT mailbox_id, modseq, uid, 1 FROM message"
        f" WHERE uid = {ONE}",
        {Proof.HISTORY},
    ),
    "flags that nobody knows": (f"UPDATE message SET flagset_id = 999 WHERE uid = {ONE}", {Proof.FLAGS}),
    "bits of flags": ("UPDATE flagset SET bits = 0", {Proof.FLAGS, Proof.COUNTERS}),
    "a body": (f"DELETE FROM body WHERE content_id = {FIRST}", {Proof.BODIES}),
    "an entry in the index": ("DELETE FROM words WHERE {row} = 2", {Proof.INDEX}),
}


@pytest.mark.parametrize("what", DAMAGES)
async def test_what_is_wrong_is_found_and_mended(
    what: str, storage: RunningStorage, tmp_path: Path, engine: str
) -> None:
    statement, proofs = DAMAGES[what]
    row = "rowid" if engine == "sqlite" else "content_id"
    await trio.to_thread.run_sync(databases.change, tmp_path, statement.replace("{row}", row))
    verdict = await look(storage)
    assert {found.proof for found in verdict.findings} == proofs, verdict.findings
    planned = await mend(storage.bus("admin"), verdict, dry_run=True)
    assert len(planned) == len(verdict.findings)
    assert (await look(storage)).findings == verdict.findings, "a dry run changes nothing"
    changes = await repair(storage, verdict)
    assert any(change.done for change in changes)
    assert not any(change.left for change in changes)
    if what == "an entry in the index":
        with trio.fail_after(20):
            await indexed(tmp_path)
    await repair(storage, await look(storage))
    assert (await look(storage)).findings == []


async def fetch_first(storage: RunningStorage) -> bytes:
    grant = (await storage.login(BOB)).grant
    opened = await storage.ask("imap", mailboxes.open, mailboxes.Open(grant, "INBOX", False))
    wanted = messages.BodiesRequest(grant, opened.mailbox, (1).to_bytes(4, "little"))
    reply = await storage.ask("imap", messages.bodies, wanted)
    return reply.bodies[0].octets


async def test_a_finding_names_whose_message_it_is_and_the_owner_is_told(
    storage: RunningStorage, tmp_path: Path
) -> None:
    await trio.to_thread.run_sync(databases.change, tmp_path, f"DELETE FROM body WHERE content_id = {FIRST}")
    verdict = await look(storage)
    (found,) = verdict.findings
    assert (found.account, found.mailbox, found.uid) == (BOB, "INBOX", 1)
    (change,) = await repair(storage, verdict)
    assert change.done == ("1 messages were given other octets",)
    octets = await fetch_first(storage)
    assert b"was lost on the mail server" in octets
    assert b"number 0" in octets


@pytest.mark.sqlite
async def test_octets_that_changed_are_taken_as_they_are(storage: RunningStorage, tmp_path: Path) -> None:
    statement = f"UPDATE body SET octets = CAST(replace(octets, 'Hello', 'Hallo') AS BLOB) WHERE content_id = {FIRST}"
    await trio.to_thread.run_sync(databases.change, tmp_path, statement)
    assert (await walk(storage.bus("admin"), deep=False)).findings == []
    verdict = await look(storage)
    assert [found.proof for found in verdict.findings] == [Proof.BODIES]
    await repair(storage, verdict)
    assert (await look(storage)).findings == []
    assert await fetch_first(storage) == MESSAGES[0].replace(b"Hello", b"Hallo")


@pytest.mark.parametrize("how", ["gone", "cut", "changed"])
async def test_a_large_body(how: str, storage: RunningStorage, tmp_path: Path) -> None:
    (file,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    octets = file.read_bytes()
    file.unlink()
    if how != "gone":
        file.write_bytes(octets[:-1] if how == "cut" else b"y" + octets[1:])
    shallow = await walk(storage.bus("admin"), deep=False)
    assert len(shallow.findings) == (how != "changed")
    verdict = await look(storage)
    (found,) = verdict.findings
    assert (found.proof, found.uid) == (Proof.BODIES, len(MESSAGES))
    await repair(storage, verdict)
    assert (await look(storage)).findings == []


@pytest.mark.sqlite
async def test_rows_of_nobody(storage: RunningStorage, tmp_path: Path) -> None:
    for statement in (
        "INSERT INTO subscription (account_id, name) VALUES (999, 'x')",
        f"DELETE FROM content WHERE id = {FIRST}",
        "UPDATE message SET mailbox_id = 999 WHERE uid = 2",
    ):
        await trio.to_thread.run_sync(databases.change, tmp_path, statement)
    verdict = await look(storage)
    found = sorted(found.problem for found in verdict.findings if found.proof is Proof.OWNERS)
    assert [problem.split()[3] for problem in found] == ["body", "message", "subscription"]
    changes = await repair(storage, verdict)
    assert [change.left for change in changes if change.left] == ["rows of message are kept for a closer look"]
    again = await look(storage)
    assert [found.proof for found in again.findings] == [Proof.OWNERS]
