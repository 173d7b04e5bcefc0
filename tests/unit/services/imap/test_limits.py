"""What one command may work on (RFC 9738), and batches of UIDs (RFC 10022)."""

from __future__ import annotations

import pytest
import trio

from shared.protocols.imap import responses
from tests.support.storage import Store, new
from tests.unit.services.imap.stage import Stage, stage_settings


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("500", "1200:701,700:201,200:1"),
        ("500 1:1", "1200:701"),
        ("500 2:9", "700:201,200:1"),
        ("600", "1200:601,600:1"),
        ("1200", "1200:1"),
        ("5000", "1200:1"),
    ],
)
async def test_batches(stage: Stage, store: Store, command: str, told: str) -> None:
    store.append(*[new()] * 1_200)
    client = await stage.selected()
    stage.desk.calls.clear()
    assert await client.ok(f"UIDBATCHES {command}") == [f'* UIDBATCHES (TAG "t3") {told}'.encode()]
    assert not stage.desk.calls


async def test_batches_hold_as_many_messages_whatever_is_missing(stage: Stage, store: Store) -> None:
    store.append(*[new()] * 1_500)
    client = await stage.selected()
    await client.ok("STORE 2:401 +FLAGS.SILENT (\\Deleted)")
    await client.ok("EXPUNGE")
    assert await client.ok("UIDBATCHES 500") == [b'* UIDBATCHES (TAG "t5") 1500:1001,1000:501,500:1']


async def test_batches_are_as_large_as_asked_for_whatever_a_command_may_work_on(
    nursery: trio.Nursery, store: Store
) -> None:
    stage = Stage(nursery, store, stage_settings(messages_per_command=700), None)
    store.append(*[new()] * 1_200)
    client = await stage.selected()
    assert await client.ok("UIDBATCHES 1000") == [b'* UIDBATCHES (TAG "t3") 1200:201,200:1']
    assert await client.ok("UIDBATCHES 1200") == [b'* UIDBATCHES (TAG "t4") 1200:1']
    assert (await client.ask("UID COPY 1:* Sent"))[-1].startswith(b"NO [MESSAGELIMIT 700 501] ")


async def test_a_command_that_fails_leaves_no_limit_behind(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(messages_per_command=2), None)
    store.append(*[new()] * 4)
    client = await stage.selected()
    await client.no("MOVE 1:* Nowhere", "TRYCREATE")
    assert (await client.ask("NOOP"))[-1] == b"OK NOOP completed"
    assert (await client.ask("UID FETCH 1:2 UID"))[-1] == b"OK FETCH completed"


async def test_without_a_limit_none_is_told(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(messages_per_command=0), None)
    store.append(*[new()] * 4)
    client = await stage.selected()
    assert b"MESSAGELIMIT" not in b"".join(await client.ok("CAPABILITY"))
    assert len(await client.ok("UID FETCH 1:* UID")) == 4


async def test_what_is_searched_is_cut_behind_all_sets_of_numbers(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(messages_per_command=2), None)
    store.append(*[new()] * 6)
    client = await stage.selected()
    found = await client.ask("UID SEARCH UIDBEFORE 6 2:6 ALL")
    assert found == [b"* SEARCH 4 5", b"OK [MESSAGELIMIT 2 4] The newest 2 messages are done"]
    found = await client.ask("UID SEARCH OR UID 1 UID 6")
    assert found == [b"* SEARCH 6", b"OK [MESSAGELIMIT 2 5] The newest 2 messages are done"]


@pytest.mark.parametrize(
    ("tag", "done", "goal", "told"),
    [
        ("a1", 0, 5, b'INPROGRESS ("a1" 0 5)'),
        ("a1", 5, 5, b'INPROGRESS ("a1" 5 NIL)'),
        ("a]", 1, 5, b"INPROGRESS (NIL 1 5)"),
    ],
)
def test_progress_is_below_its_goal(tag: str, done: int, goal: int, told: bytes) -> None:
    assert responses.in_progress_code(tag, done, goal) == told
