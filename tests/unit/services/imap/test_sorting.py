"""SORT and THREAD over the bus: pages, what is gone, limits."""

from __future__ import annotations

from shared.contracts import sorting
from tests.support.storage import Store, letter_octets, new
from tests.unit.services.imap.stage import Stage


def dated(day: int, subject: str = "x") -> bytes:
    return b"Date: %d Nov 1997 10:00:00 +0000\r\nSubject: %b\r\nMessage-ID: <%d@x>\r\n\r\n" % (
        day,
        subject.encode(),
        day,
    )


async def test_what_is_gone_is_left_out(stage: Stage) -> None:
    client, other = await stage.selected(), await stage.selected()
    for day in (3, 1, 2):
        await client.append(dated(day, f"subject {day}"))
    await client.ok("NOOP")
    await other.ok("NOOP")
    await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    found = await client.ok("SORT (DATE) UTF-8 ALL")
    assert found[0] == b"* SORT 3 1"
    found = await client.ok("THREAD REFERENCES UTF-8 ALL")
    assert found[0] == b"* THREAD (3)(1)"


async def test_a_message_without_a_date_has_that_of_its_arrival(stage: Stage) -> None:
    client = await stage.selected()
    await client.append(dated(3))
    await client.append(b"Subject: none\r\n\r\n", flags='() "02-Nov-1997 10:00:00 +0000" ')
    await client.ok("NOOP")
    assert await client.ok("UID SORT (DATE) UTF-8 ALL") == [b"* SORT 2 1"]


async def test_the_view_sorts_what_it_knows(stage: Stage) -> None:
    client = await stage.selected()
    for text in ("long, long", "short"):
        await client.append(letter_octets(text=text))
    await client.ok("NOOP")
    stage.desk.calls.clear()
    assert await client.ok("SORT (SIZE REVERSE ARRIVAL) UTF-8 ALL") == [b"* SORT 2 1"]
    assert stage.desk.calls == []
    assert await client.ok("SORT (SUBJECT) UTF-8 ALL") == [b"* SORT 1 2"]
    assert stage.desk.calls == [sorting.sort.name]


async def test_large_mailboxes_are_threaded_in_pages(stage: Stage, store: Store) -> None:
    store.append(*[new(dated(1, f"number {count}")) for count in range(12_000)])
    client = await stage.selected()
    stage.desk.calls.clear()
    found = await client.ok("THREAD REFERENCES UTF-8 ALL")
    assert found[0].count(b"(") == 12_000
    assert 1 < len(stage.desk.calls) < 8
    assert len((await client.ok("SORT (REVERSE SUBJECT) UTF-8 ALL"))[0].split()) == 12_002
