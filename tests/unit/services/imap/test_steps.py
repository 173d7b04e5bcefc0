"""What takes long is done in steps, so that nobody else waits for the whole of it."""

from __future__ import annotations

import pytest

from tests.support.storage import Store, new
from tests.unit.services.imap.stage import Stage


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.imap.transfer._MOVED", 2)
    monkeypatch.setattr("services.imap.removal.EXPUNGED_AT_ONCE", 2)
    monkeypatch.setattr("services.storage.handlers.messages_expunge.EXPUNGED_AT_ONCE", 2)


async def test_a_move_in_steps_is_told_as_one(stage: Stage) -> None:
    stage.store.append(*[new()] * 5)
    client = await stage.selected()
    stage.desk.calls.clear()
    told = await client.ok("MOVE 1:* Archive")
    assert stage.desk.calls == ["messages.copy"] * 3
    assert told[0].endswith(b" 1:5 1:5] Moved")
    assert told[1:] == [b"* 1 EXPUNGE"] * 5


async def test_a_move_that_fails_on_its_way_tells_what_it_moved(stage: Stage) -> None:
    stage.store.append(*[new()] * 5)
    client = await stage.selected()
    await client.ok("SETQUOTA bob@example.org/Archive (MESSAGE 3)")
    told = await client.ask("MOVE 1:* Archive")
    assert told[0].endswith(b" 1:2 1:2] Moved")
    assert told[-1].startswith(b"NO [OVERQUOTA]")
    assert [each for each in await client.ok("NOOP") if b"EXPUNGE" in each] == [b"* 1 EXPUNGE"] * 2


async def test_case_43_all_is_expunged_in_steps(stage: Stage, store: Store) -> None:
    store.append(*[new(flags=["\\Deleted"])] * 5, new())
    client = await stage.selected()
    other = await stage.selected()
    stage.desk.calls.clear()
    assert await client.ok("EXPUNGE") == [b"* 1 EXPUNGE"] * 5
    assert stage.desk.calls == ["messages.expunge"] * 3
    assert await other.ok("NOOP") == [b"* 1 EXPUNGE"] * 5
    await client.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert await client.ok("UID EXPUNGE 1:*") == [b"* 1 EXPUNGE"]


async def test_case_43_closing_expunges_in_steps(stage: Stage, store: Store) -> None:
    store.append(*[new(flags=["\\Deleted"])] * 5)
    client = await stage.selected()
    await client.ok("CLOSE")
    assert b'* STATUS "INBOX" (MESSAGES 0)' in await client.ok("STATUS INBOX (MESSAGES)")
