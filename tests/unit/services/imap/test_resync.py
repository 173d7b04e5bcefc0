"""QRESYNC: a client that was away learns exactly what it missed."""

from __future__ import annotations

import re
from array import array

from hypothesis import given
from hypothesis import strategies as st

from services.imap.history import _gaps, _within
from shared.contracts.errors import Code
from shared.protocols.imap.sets import runs
from tests.support.storage import new
from tests.unit.services.imap.stage import Client, Stage

UIDS = st.lists(st.integers(1, 40), unique=True).map(sorted)
CODE = re.compile(rb"\[(\w+) (\d+)\]")


def expanded(ranges: object) -> list[int]:
    return [uid for low, high in ranges for uid in range(low, high + 1)]  # type: ignore[attr-defined]


@given(UIDS, UIDS)
def test_what_is_not_there_is_what_vanished(known: list[int], there: list[int]) -> None:
    gone = expanded(_gaps(list(runs(known)), array("I", there)))
    assert gone == [uid for uid in known if uid not in there]


@given(UIDS, UIDS, UIDS)
def test_what_is_remembered_is_told_within_what_was_asked(
    known: list[int], past: list[int], there: list[int]
) -> None:
    gone = list(_within(list(runs(known)), array("I", past), array("I", there)))
    assert gone == [uid for uid in past if uid in known and uid not in there]


async def synchronised(stage: Stage) -> tuple[Client, dict[bytes, int]]:
    """A client with QRESYNC on, and the numbers that SELECT told."""
    client = await stage.logged_in()
    await client.ok("ENABLE QRESYNC")
    codes = (CODE.search(line) for line in await client.ok("SELECT INBOX"))
    return client, {found[1]: int(found[2]) for found in codes if found}


async def resynchronised(stage: Stage, parameters: str) -> list[bytes]:
    client = await stage.logged_in()
    await client.ok("ENABLE QRESYNC")
    lines = await client.ok(f"SELECT INBOX (QRESYNC ({parameters}))")
    return [line for line in lines if b"VANISHED" in line or b"FETCH" in line]


async def test_coming_back_after_changes(stage: Stage) -> None:
    stage.store.append(*[new()] * 6)
    _, told = await synchronised(stage)
    other = await stage.selected()
    await other.ok("STORE 2,4 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    await other.ok("STORE 1 +FLAGS.SILENT (\\Seen)")
    known = f"{told[b'UIDVALIDITY']} {told[b'HIGHESTMODSEQ']}"
    found = await resynchronised(stage, known)
    assert found[0] == b"* VANISHED (EARLIER) 2,4"
    assert [line.split(b" MODSEQ")[0] for line in found[1:]] == [b"* 1 FETCH (UID 1 FLAGS (\\Seen)"]
    assert (await resynchronised(stage, f"{known} 3:6"))[0] == b"* VANISHED (EARLIER) 4"
    assert len(await resynchronised(stage, f"{known} 5:6")) == 0


async def test_what_the_client_proves_to_know_is_not_told_again(stage: Stage) -> None:
    stage.store.append(*[new()] * 6)
    _, told = await synchronised(stage)
    other = await stage.selected()
    await other.ok("STORE 2,5 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    known = f"{told[b'UIDVALIDITY']} {told[b'HIGHESTMODSEQ']} 1:6"
    assert await resynchronised(stage, f"{known} (1:2,4 1,3,6)") == []
    assert await resynchronised(stage, f"{known} (1:2,5 1,3,6)") == [b"* VANISHED (EARLIER) 5"]
    assert await resynchronised(stage, f"{known} (1:4294967295 1:4294967295)") == [b"* VANISHED (EARLIER) 2,5"]


async def test_a_history_that_is_gone_names_all_that_is_not_there(stage: Stage) -> None:
    stage.store.append(*[new()] * 6)
    _, told = await synchronised(stage)
    other = await stage.selected()
    await other.ok("STORE 2:3,6 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    stage.store.now += 31 * 86_400
    stage.store.forget()
    known = f"{told[b'UIDVALIDITY']} {told[b'HIGHESTMODSEQ']}"
    assert await resynchronised(stage, known) == [b"* VANISHED (EARLIER) 2:3,6"]
    assert await resynchronised(stage, f"{known} 1:2,6") == [b"* VANISHED (EARLIER) 2,6"]


async def test_history_is_kept_for_thirty_days(stage: Stage) -> None:
    stage.store.append(*[new()] * 3)
    _, told = await synchronised(stage)
    other = await stage.selected()
    await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    stage.store.now += 30 * 86_400 - 60
    stage.store.forget()
    stage.desk.calls.clear()
    known = f"{told[b'UIDVALIDITY']} {told[b'HIGHESTMODSEQ']}"
    assert await resynchronised(stage, known) == [b"* VANISHED (EARLIER) 2"]


async def test_an_expunge_that_may_not_be_told_yet_is_not_jumped_over(stage: Stage) -> None:
    stage.store.append(*[new()] * 4)
    client, told = await synchronised(stage)
    other = await stage.selected()
    await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await client.ok("NOOP")
    before = told[b"HIGHESTMODSEQ"] + 1
    await other.ok("EXPUNGE")
    found = await client.ok("STORE 4 +FLAGS (\\Seen)")
    assert found[0].startswith(b"* 4 FETCH (UID 4 FLAGS (")
    assert found[1].startswith(b"* OK [HIGHESTMODSEQ %d] " % before)
    assert await client.ok("NOOP") == [b"* VANISHED 2"]


async def test_select_that_cannot_resynchronise_selects_nothing(stage: Stage) -> None:
    client, told = await synchronised(stage)
    stage.desk.refuse["mailboxes.vanished"] = Code.UNAVAILABLE
    await client.no(f"SELECT INBOX (QRESYNC ({told[b'UIDVALIDITY']} 1))", "UNAVAILABLE")
    assert (await client.ask("FETCH 1 FLAGS"))[-1].startswith(b"BAD")
