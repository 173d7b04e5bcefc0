"""Users' scripts on what clients do by IMAP, from the client's call to what is in the mailboxes (RFC 6785)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import trio

from shared.base.ids import new_ulid
from shared.contracts import mailboxes, messages, metadata, spool
from shared.contracts.blobs import Body
from shared.contracts.messages import Append, New
from shared.mail.summary import summarise
from tests.support.filtered import ANN, BOB, HOST, Post, octets, own_letters, post

R = TypeVar("R")

ENTRY = "/shared/imapsieve/script"
DRAFT = b"Subject: a draft\r\n\r\nNot sent yet.\r\n"


async def watch(office: Post, text: str, mailbox: str = "INBOX") -> bytes:
    """A script of Ann's that runs on what happens in a mailbox; her grant."""
    await office.script(text, name="watching", active=False)
    grant = (await office.storage.login(ANN)).grant
    entry = (metadata.Annotation(ENTRY, b"watching"),)
    await office.storage.ask("imap", metadata.set, metadata.Set(grant, mailbox, entry))
    return grant


async def append(office: Post, grant: bytes, letter: bytes = DRAFT, *flags: str, mailbox: str = "INBOX") -> None:
    new = New(Body(letter), summarise(letter), flags)
    await office.storage.ask("imap", messages.append, Append(grant, new_ulid(), mailbox, (new,)))


async def store(office: Post, grant: bytes, *flags: str, mailbox: str = "INBOX") -> None:
    opened = await office.storage.ask("imap", mailboxes.open, mailboxes.Open(grant, mailbox, False))
    asked = messages.Store(grant, new_ulid(), opened.mailbox, b"\1\0\0\0", messages.Mode.ADD, flags)
    await office.storage.ask("imap", messages.store, asked)


async def eventually(ask: Callable[[], Awaitable[R]], holds: Callable[[R], bool] = bool) -> R:
    """What ``ask`` finds, once it ``holds``."""
    with trio.fail_after(10):
        while True:
            found = await ask()
            if holds(found):
                return found
            await trio.sleep(0.02)


async def test_flags_that_a_script_sets(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = await watch(office, 'require "imap4flags"; addflag "Seen-by-script"; removeflag "Old";')
        await append(office, grant, DRAFT, "Old")
        await eventually(office.filed, lambda filed: filed == [(DRAFT, ("Seen-by-script",))])


async def test_discard_marks_and_fileinto_copies(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = await watch(
            office,
            'require ["fileinto", "mailbox", "editheader"];'
            'if header :is "subject" "a draft" { addheader "X-Copy" "1"; fileinto :create "Copies"; }',
        )
        await append(office, grant)
        await eventually(office.filed, lambda filed: filed == [(DRAFT, ("\\Deleted",))])
        assert await office.filed("Copies") == [(b"X-Copy: 1\r\n" + DRAFT, ())]


async def test_redirect_supplies_what_a_draft_lacks(tmp_path: Path) -> None:
    """Section 3.4: the owner of the mailbox is the sender."""
    async with post(tmp_path) as office:
        grant = await watch(office, f'require ["copy", "imapsieve"]; redirect :copy "{BOB}";')
        await append(office, grant)
        await eventually(office.filed, lambda filed: len(filed) == 1)
        found = await eventually(lambda: office.inside("INBOX", BOB))
        assert await office.filed() == [(DRAFT, ())]
        head, _, rest = found[0].partition(f"Delivered-To: {ANN}\r\nFrom: {ANN}\r\nDate: ".encode())
        assert head == f"Return-Path: <{ANN}>\r\nDelivered-To: {BOB}\r\n".encode()
        assert b"\r\nMessage-ID: <" in rest
        assert rest.endswith(f"@{HOST}>\r\n".encode() + DRAFT)


async def test_a_delivered_letter_may_be_sent_on_by_its_owner(tmp_path: Path) -> None:
    """That it was delivered to her once is no loop."""
    async with post(tmp_path) as office:
        letter = octets()
        await office.send(letter)
        grant = await watch(
            office,
            'require ["environment", "imapsieve", "imap4flags", "copy"];'
            'if environment :contains "imap.changedflags" "\\\\Flagged" { redirect :copy "x@far.example"; }',
        )
        await store(office, grant, "\\Flagged")
        queue = spool.QueueFilter(state="ready")
        waiting = await eventually(
            lambda: office.storage.ask("admin", spool.queue_list, queue), lambda found: bool(found.letters)
        )
        assert own_letters(waiting.letters, "") == [(ANN, ["x@far.example"])]


async def test_notify_on_a_flag(tmp_path: Path) -> None:
    """Section 5, example 2."""
    async with post(tmp_path) as office:
        grant = await watch(
            office,
            'require ["enotify", "imap4flags", "variables", "environment", "imapsieve"];'
            'if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }'
            'if allof (hasflag "\\\\Flagged", environment :contains "imap.changedflags" "\\\\Flagged") {'
            f'  notify :message "Important message in ${{mailbox}}" "mailto:{BOB}"; }}',
            "Sent",
        )
        await append(office, grant, mailbox="Sent")
        await store(office, grant, "\\Flagged", mailbox="Sent")
        found = await eventually(lambda: office.inside("INBOX", BOB))
        assert b"Subject: Important message in Sent\r\n" in found[0]


async def test_an_error_leaves_the_message_and_a_line(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = await watch(office, 'require ["vacation", "fileinto"]; fileinto "Junk"; vacation "no";')
        await append(office, grant)
        lines = await eventually(office.log)
        assert lines == ["script 'watching': vacation is not for IMAP events; the message was left as it is"]
        assert (await office.filed(), await office.inside("Junk")) == ([(DRAFT, ())], [])


async def test_duplicates_among_events_are_seen(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = await watch(office, 'require ["duplicate"]; if duplicate { discard; }')
        letter = octets(id="same")
        for _ in range(5):
            await append(office, grant, letter)
        await eventually(office.filed, lambda filed: sum("\\Deleted" in flags for _, flags in filed) == 4)


async def test_large_messages_are_read_where_the_script_looks_into_them(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = await watch(office, 'require "body"; if body :contains "needle" { discard; }')
        large = b"Subject: large\r\n\r\n" + b"hay " * 100_000 + b"needle\r\n"
        await append_large(office, grant, large)
        await eventually(office.filed, lambda filed: [flags for _, flags in filed] == [("\\Deleted",)])


async def append_large(office: Post, grant: bytes, letter: bytes) -> None:
    new = New(await office._body(letter), summarise(letter), ())
    await office.storage.ask("imap", messages.append, Append(grant, new_ulid(), "INBOX", (new,)))


async def test_letters_that_are_delivered_are_no_events(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await watch(office, "discard;")
        await office.send(octets())
        assert [flags for _, flags in await office.filed()] == [()]
