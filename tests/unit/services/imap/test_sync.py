"""Views stay true whatever the bus loses."""

from __future__ import annotations

import pytest
import trio

from shared.bus.faults import FaultPlan, Faults
from shared.contracts import mailboxes, messages
from shared.contracts.errors import Code
from shared.contracts.messages import Mode
from shared.contracts.messages import Store as StoreFlags
from tests.support.storage import GRANT, Store, letter_octets, new
from tests.unit.services.imap.stage import Stage, stage_settings


async def test_select_reads_a_mailbox_once(stage: Stage) -> None:
    one = await stage.selected()
    await one.append(letter_octets())
    stage.desk.calls.clear()
    two = await stage.selected()
    assert stage.desk.calls == ["mailboxes.open"]
    await two.ok("FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE MODSEQ)")
    await two.ok("SEARCH UNSEEN")
    await two.ok("NOOP")
    assert stage.desk.calls == ["mailboxes.open"]


async def test_a_view_stays_warm_for_a_while(
    nursery: trio.Nursery, store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    stage = Stage(nursery, store, stage_settings(), None)
    client = await stage.selected()
    await client.ok("UNSELECT")
    await trio.sleep(30)
    stage.desk.calls.clear()
    await client.ok("SELECT INBOX")
    assert stage.desk.calls == ["mailboxes.open"]
    await client.ok("UNSELECT")
    await trio.sleep(90)
    stage.desk.calls.clear()
    await client.ok("SELECT INBOX")
    assert stage.desk.calls == ["mailboxes.open", "mailboxes.page"]


async def test_a_lost_notice_is_made_up_for_by_the_next(stage: Stage) -> None:
    client = await stage.selected()
    stage.store.append(new(), new())
    stage.store.announcements.clear()  # the bus lost it
    assert await client.ok("NOOP") == []
    stage.store.append(new())
    stage.desk.announce()
    await client.send(b"i IDLE\r\n")
    await client.response()
    assert await client.response() == b"* 3 EXISTS"


async def test_a_lost_notice_is_made_up_for_by_the_timer(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    client = await stage.selected()
    stage.store.append(new())
    stage.store.announcements.clear()
    await trio.sleep(40)
    assert b"* 1 EXISTS" in await client.ok("NOOP")


async def test_what_was_missed_while_the_bus_was_away_is_asked_for(stage: Stage) -> None:
    client = await stage.selected()
    stage.broker.sever(stage.wire)
    stage.store.append(new())
    stage.store.announcements.clear()
    stage.broker.restore(stage.wire)
    await client.send(b"i IDLE\r\n")
    await client.response()
    assert await client.response() == b"* 1 EXISTS"


async def test_commands_answer_while_storage_is_away(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client = await stage.selected()
    await client.append(letter_octets())
    await client.ok("NOOP")
    stage.broker.sever(stage.desk.bus)
    assert await client.ok("FETCH 1 UID") == [b"* 1 FETCH (UID 1)"]
    await client.send(b"a STORE 1 +FLAGS (\\Seen)\r\n")
    await trio.sleep(15)
    assert (await client.response()).startswith(b"a NO [UNAVAILABLE]")
    stage.broker.restore(stage.desk.bus)
    await client.ok("STORE 1 +FLAGS (\\Seen)")


async def test_a_change_too_large_to_ride_along(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(), None)
    store.append(*[new()] * 600)
    one, two = await stage.selected(), await stage.selected()
    assert len(await one.ok("STORE 1:* +FLAGS (\\Seen)")) == 600
    assert await one.ok("NOOP") == []
    assert len(await two.ok("NOOP")) == 600
    await one.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    assert len(await one.ok("EXPUNGE")) == 600
    assert (await two.ok("NOOP"))[:600] == [b"* 1 EXPUNGE"] * 600


async def test_a_deleted_mailbox_ends_the_sessions_that_have_it(stage: Stage) -> None:
    one, two = await stage.logged_in(), await stage.logged_in()
    await one.ok("CREATE Work")
    await one.ok("SELECT Work")
    await two.ok("SELECT Work")
    await two.send(b"i IDLE\r\n")
    await two.response()
    assert b"* OK [CLOSED] The selected mailbox is gone" in await one.ok("DELETE Work")
    assert (await two.response()).startswith(b"* BYE")
    await one.ok("CREATE Work")
    await one.ok("SELECT Work")


async def test_a_mailbox_gone_unheard(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client = await stage.logged_in()
    await client.ok("CREATE Work")
    await client.ok("SELECT Work")
    stage.store.call(mailboxes.delete, mailboxes.Named(GRANT, stage.store.key(), "Work"))
    stage.store.announcements.clear()
    await client.send(b"i IDLE\r\n")
    await client.response()
    await trio.sleep(60)
    assert (await client.response()).startswith(b"* BYE")


async def test_select_of_what_is_not_there_leaves_none_selected(stage: Stage) -> None:
    client = await stage.selected()
    found = await client.ask("SELECT Nowhere")
    assert found[0].startswith(b"* OK [CLOSED]")
    assert found[-1].startswith(b"NO [NONEXISTENT]")
    assert (await client.ask("FETCH 1 FLAGS"))[-1].startswith(b"BAD")


async def test_reading_that_fails_is_begun_again(stage: Stage) -> None:
    stage.store.append(new())
    client = await stage.logged_in()
    stage.desk.refuse["mailboxes.page"] = Code.UNAVAILABLE
    await client.no("SELECT INBOX", "UNAVAILABLE")
    stage.desk.refuse.clear()
    assert b"* 1 EXISTS" in await client.ok("SELECT INBOX")


@pytest.mark.parametrize("seed", range(5))
async def test_sessions_agree_with_storage_under_faults(nursery: trio.Nursery, store: Store, seed: int) -> None:
    stage = Stage(nursery, store, stage_settings(poll_seconds=0.2), None)
    clients = [await stage.selected() for _ in range(3)]
    stage.broker.faults = FaultPlan(event=Faults(drop=0.3, double=0.2))
    for number in range(20):
        store.append(new())
        if number % 3 == seed % 3:
            uids = (1).to_bytes(4, "little")
            store.call(
                messages.store,
                StoreFlags(GRANT, store.key(), 1, uids, Mode.ADD if number % 2 else Mode.REMOVE, ("\\Flagged",)),
            )
        stage.desk.announce()
        await clients[number % 3].ok("NOOP")
    stage.broker.faults = FaultPlan()
    store.append(new())
    stage.desk.announce()
    for client in clients:
        with trio.fail_after(5):
            while await client.ok("SEARCH ALL") != [b"* SEARCH " + b" ".join(b"%d" % n for n in range(1, 22))]:
                await client.ok("NOOP")
        flags = {line.split(b"(FLAGS")[1] for line in await client.ok("FETCH 1 FLAGS")}
        assert flags == {line.split(b"(FLAGS")[1] for line in await clients[0].ok("FETCH 1 FLAGS")}
