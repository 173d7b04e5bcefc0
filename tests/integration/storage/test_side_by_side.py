"""Several processes of storage on one PostgreSQL: what each does is whole, and the others see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from services.storage import config, left_behind, vigilance
from services.storage.engines.open import open_database
from services.storage.repositories import announcements
from services.storage.unit_of_work import Announcement
from shared.bus.client import Bus
from shared.contracts import changes, directory, mailboxes, messages, spool
from shared.contracts.changes import Change, ListChange, list_changed
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Append, Deliver, Filing, Mode, Store, Target
from tests.support import databases
from tests.support.running_storage import PASSWORD, SETTINGS, RunningStorage, claim, letter, running_storage
from tests.support.storage import letter_octets, new

pytestmark = pytest.mark.postgresql


@asynccontextmanager
async def two(folder: Path, settings: config.StorageSettings = SETTINGS) -> AsyncIterator[RunningStorage]:
    """Two on one bus, which share the questions."""
    async with running_storage(folder, settings) as first:
        await first.add_accounts("ann@example.org", "bob@example.org")
        async with running_storage(folder, settings, beside=first, replica="2"):
            yield first
            first.draining.set()


def stored(folder: Path, mailbox: int) -> list[tuple[int, int]]:
    """UID and modseq of all messages of a mailbox."""
    rows = databases.look(folder, f"SELECT uid, modseq FROM message WHERE mailbox_id = {mailbox} ORDER BY uid")
    return [(uid, modseq) for uid, modseq in rows]


async def test_both_write_to_one_mailbox_and_its_numbers_keep_their_order(tmp_path: Path) -> None:
    async with two(tmp_path) as storage:
        grants = [(await storage.login("ann@example.org")).grant for _ in range(2)]
        inbox = (await storage.ask("imap", mailboxes.open, Open(grants[0], "INBOX", writable=True))).mailbox
        told: list[Change] = []
        storage.bus("imap").subscribe(changes.mailbox_changed, told.append, key=inbox)

        async def work(who: int) -> None:
            bus = storage.broker.connect("imap", f"w{who}")
            for number in range(8):
                octets = new(letter_octets(f"{who}-{number % 3}"))  # some have the same octets as another's
                added = await bus.call(
                    messages.append, Append(grants[who % 2], f"a{who}-{number}", "INBOX", (octets,))
                )
                store = Store(grants[who % 2], f"s{who}-{number}", inbox, added.uids, Mode.ADD, (f"k{who}",))
                await bus.call(messages.store, store)

        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for who in range(6):
                    nursery.start_soon(work, who)
        found = stored(tmp_path, inbox)
        assert [uid for uid, _ in found] == list(range(1, 49))
        assert len({modseq for _, modseq in found}) == 48
        steps = sorted((change.previous, change.modseq) for change in told)
        assert len(steps) == 96
        assert all(before[1] == after[0] for before, after in pairwise(steps)), "no gap, no overlap"
        (counted,) = databases.look(tmp_path, f"SELECT messages, unseen, uidnext FROM mailbox WHERE id = {inbox}")
        assert tuple(counted) == (48, 48, 49)
        assert {uses for (uses,) in databases.look(tmp_path, "SELECT uses FROM content")} == {2, 3}


async def test_letters_are_claimed_by_one_and_filed_once(tmp_path: Path) -> None:
    async with two(tmp_path) as storage:
        accounts = {name: (await storage.login(name)).account for name in ("ann@example.org", "bob@example.org")}
        names = list(accounts)
        total = 60

        async def accept(first: int) -> None:
            bus = storage.broker.connect("smtp", f"s{first}")
            for number in range(first, total, 3):
                sent = letter(names[number % 2], octets=letter_octets(f"n{number % 40}"), id=f"letter-{number}")
                await bus.call(spool.accept, sent)

        claimed: list[str] = []

        async def deliver(worker: str) -> None:
            bus = storage.broker.connect("delivery", worker)
            while len(claimed) < total:
                found = await bus.call(spool.claim, claim(7, worker))
                claimed.extend(each.id for each in found.letters)
                filings = tuple(
                    Filing(each.id, each.fence, due.number, (Target(accounts[due.address], "INBOX", b""),))
                    for each in found.letters
                    for due in each.due
                )
                if filings:
                    filed = await bus.call(messages.deliver, Deliver(filings))
                    assert not [result.error for result in filed.results if result.error]
                await trio.sleep(0.01)

        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for number in range(3):
                    nursery.start_soon(accept, number)
                    nursery.start_soon(deliver, f"w{number}")
        assert len(claimed) == len(set(claimed)) == total
        rows = databases.look(tmp_path, "SELECT count(*), count(DISTINCT (mailbox_id, uid)) FROM message")
        assert tuple(rows[0]) == (total, total)
        assert databases.look(tmp_path, "SELECT count(*) FROM letter WHERE open <> 0")[0][0] == 0
        uses = databases.look(tmp_path, "SELECT sum(uses) FROM content")[0][0]
        assert uses == total


async def try_again(bus: Bus, request: Append) -> messages.Appended:
    """As a front does: the same key until there is an answer."""
    while True:
        try:
            return await bus.call(messages.append, request)
        except Refused as refused:
            if refused.code is not Code.UNAVAILABLE:
                raise
        except Unavailable:
            continue


@pytest.mark.timeout(900)
async def test_connections_that_die_at_any_moment_lose_and_double_nothing(tmp_path: Path) -> None:
    async with two(tmp_path) as storage:
        grant = (await storage.login("ann@example.org")).grant
        inbox = (await storage.ask("imap", mailboxes.open, Open(grant, "INBOX", writable=True))).mailbox
        answers: dict[str, messages.Appended] = {}

        async def work(who: int) -> None:
            bus = storage.broker.connect("imap", f"w{who}")
            for number in range(12):
                key = f"{who}-{number}"
                answers[key] = await try_again(bus, Append(grant, key, "INBOX", (new(letter_octets(key)),)))
                patience.deadline = trio.current_time() + 60  # however long all of them take, some get through

        async def kill() -> None:
            """Whenever somebody has got through, so that a slow machine gets through as well."""
            seen = 0
            while True:
                await trio.sleep(0.02)
                if len(answers) == seen:
                    continue
                seen = len(answers)
                await trio.to_thread.run_sync(
                    databases.look,
                    tmp_path,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'eilpost' AND datname = current_database() AND random() < 0.5",
                )

        with trio.fail_after(60) as patience:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kill)
                async with trio.open_nursery() as working:
                    for who in range(4):
                        working.start_soon(work, who)
                nursery.cancel_scope.cancel()
        uids = sorted(int.from_bytes(answer.uids, "little") for answer in answers.values())
        found = stored(tmp_path, inbox)
        assert uids == [uid for uid, _ in found], "each answer names a message of its own, and there are no others"
        assert len(found) == 48
        assert len({modseq for _, modseq in found}) == 48


async def test_a_change_of_the_directory_is_known_to_all(tmp_path: Path) -> None:
    async with two(tmp_path) as storage:
        for _ in range(6):  # either one has let somebody in, and remembers it
            await storage.login("ann@example.org")
        await storage.ask("admin", directory.account_set, directory.AccountSet("ann@example.org", secret="another"))
        for _ in range(6):
            with pytest.raises(Refused):
                await storage.login("ann@example.org")
        assert await storage.login("ann@example.org", password="another")


async def test_case_25_failures_count_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vigilance, "INTERVAL", 0.05)
    settings = replace(SETTINGS, login=config.Login(delays=("0",), failures_per_user=6))
    async with two(tmp_path, settings) as storage:
        tried = 0
        with trio.fail_after(30):
            while True:
                try:
                    await storage.login("ann@example.org", password=f"guess {tried}")
                except Refused as refused:
                    if refused.code is Code.THROTTLED:
                        break
                tried += 1
                await trio.sleep(0.15)
        assert tried == 6
        for _ in range(4):
            with pytest.raises(Refused, match="too many"):
                await storage.login("ann@example.org", password=PASSWORD)


async def test_case_25_the_delay_grows_whoever_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vigilance, "INTERVAL", 0.05)
    settings = replace(SETTINGS, login=config.Login(delays=("0", "0", "0", "1"), failures_per_user=1_000))
    async with two(tmp_path, settings) as storage:
        for number in range(3):
            with pytest.raises(Refused):
                await storage.login("ann@example.org", password=f"guess {number}")
        await trio.sleep(1)  # several intervals: both know of all three
        for number in range(6):  # either one
            began = trio.current_time()
            with pytest.raises(Refused):
                await storage.login("ann@example.org", password=f"another {number}")
            assert trio.current_time() - began >= 1


async def test_what_a_dead_process_left_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_behind, "INTERVAL", 0.05)
    async with running_storage(tmp_path) as storage:
        told: list[ListChange] = []
        storage.bus("imap").subscribe(list_changed, told.append, key=7)
        database = open_database(databases.url_in(tmp_path))
        with database.writer() as connection, connection.begin():
            announcements.add(connection, 1.0, [Announcement(list_changed, ListChange(7, "who"), 7)])
        database.close()
        with trio.fail_after(20):
            while not told:  # noqa: ASYNC110 - what we wait for is told to a callback
                await trio.sleep(0.02)
        assert told == [ListChange(7, "who")]


async def test_what_was_published_is_crossed_out(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        grant = (await storage.login("ann@example.org")).grant
        await storage.ask("imap", messages.append, Append(grant, "key", "INBOX", (new(),)))
        with trio.fail_after(20):
            while databases.look(tmp_path, "SELECT id FROM announcement"):  # noqa: ASYNC110 - another writes it
                await trio.sleep(0.05)
