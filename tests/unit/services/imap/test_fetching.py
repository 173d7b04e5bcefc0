"""FETCH asks storage as little as it can, and tells flags that reading changed."""

from __future__ import annotations

from tests.support.storage import letter_octets, new
from tests.unit.services.imap.stage import Stage


async def test_a_client_that_reads_on_is_read_ahead_of(stage: Stage) -> None:
    stage.store.append(*[new(letter_octets(f"n{number}")) for number in range(6)])
    client = await stage.selected()
    stage.desk.calls.clear()
    for number in range(1, 7):
        (found,) = await client.ok(f"FETCH {number} BODY.PEEK[]")
        assert b"Subject: n%d\r\n" % (number - 1) in found
    assert stage.desk.calls == ["messages.bodies"] * 2


async def test_reading_in_pieces_is_one_call(stage: Stage) -> None:
    stage.store.append(new(letter_octets(text="0123456789\r\n" * 100)))
    client = await stage.selected()
    stage.desk.calls.clear()
    pieces = []
    for start in range(0, 1500, 100):
        (found,) = await client.ok(f"FETCH 1 BODY.PEEK[]<{start}.100>")
        pieces.append(found.partition(b"}\r\n")[2].removesuffix(b")"))
    assert b"".join(pieces) == letter_octets(text="0123456789\r\n" * 100)
    assert stage.desk.calls == ["messages.bodies"]


async def test_reading_sets_seen_in_the_same_call(stage: Stage) -> None:
    stage.store.append(new())
    one, two = await stage.selected(), await stage.selected()
    stage.desk.calls.clear()
    (found,) = await one.ok("FETCH 1 (BODY[TEXT] UID)")
    assert found.endswith(b" UID 1 FLAGS (\\Seen \\Recent))")
    assert stage.desk.calls == ["messages.bodies"]
    assert await one.ok("NOOP") == []
    assert await two.ok("NOOP") == [b"* 1 FETCH (FLAGS (\\Seen))"]  # \\Recent to the first alone
    (again,) = await one.ok("FETCH 1 BODY[]")
    assert b"FLAGS" not in again


async def test_peek_and_read_only_leave_flags_alone(stage: Stage) -> None:
    stage.store.append(new())
    client = await stage.logged_in()
    await client.ok("EXAMINE INBOX")
    await client.ok("FETCH 1 (BODY[] RFC822.TEXT BODY[HEADER])")
    assert await client.ok("FETCH 1 FLAGS") == [b"* 1 FETCH (FLAGS (\\Recent))"]
    await client.no("STORE 1 +FLAGS (\\Seen)", "READ-ONLY")
    await client.no("MOVE 1 Archive", "READ-ONLY")
    await client.ok("SELECT INBOX")
    await client.ok("FETCH 1 (BODY.PEEK[] RFC822.HEADER BODY.PEEK[HEADER])")
    assert await client.ok("FETCH 1 FLAGS") == [b"* 1 FETCH (FLAGS (\\Recent))"]


async def test_many_bodies_come_in_batches_and_are_marked_together(stage: Stage) -> None:
    stage.store.append(*[new(letter_octets(f"n{number}", "x" * 70 + "\r\n")) for number in range(200)])
    client = await stage.selected()
    stage.desk.calls.clear()
    found = await client.ok("FETCH 1:* BODY[]")
    assert len(found) == 200
    assert all(line.endswith(b" FLAGS (\\Seen \\Recent))") for line in found)
    assert len(stage.desk.calls) == 8  # 64 at a time, each read once and marked once
    assert await client.ok("SEARCH UNSEEN") == [b"* SEARCH"]


async def test_headers_without_peek_mark_as_well(stage: Stage) -> None:
    stage.store.append(new(), new(flags=("\\Seen",)))
    client = await stage.selected()
    found = await client.ok("FETCH 1:2 (RFC822.SIZE BODY[HEADER.FIELDS (SUBJECT)])")
    assert found[0].endswith(b" FLAGS (\\Seen \\Recent))")
    assert await client.ok("SEARCH UNSEEN") == [b"* SEARCH"]


async def test_items_of_all_kinds_together(stage: Stage) -> None:
    stage.store.append(new(letter_octets("both")))
    client = await stage.selected()
    (found,) = await client.ok("UID FETCH 1 (ENVELOPE BODY.PEEK[TEXT] FLAGS BODY BODY.PEEK[HEADER.FIELDS (From)])")
    for part in (b"UID 1 ENVELOPE (", b"BODY[TEXT] {11}\r\nHi there.\r\n", b"FLAGS (", b'BODY ("TEXT"', b"From: Ann"):
        assert part in found
    assert found.index(b"ENVELOPE") < found.index(b"BODY[TEXT]") < found.index(b"FLAGS") < found.index(b"BODY (")


async def test_a_listing_longer_than_one_page(stage: Stage) -> None:
    subject = "s" * 900
    stage.store.append(*[new(letter_octets(f"{subject}{number}")) for number in range(700)])
    client = await stage.selected()
    stage.desk.calls.clear()
    found = await client.ok("UID FETCH 1:* ENVELOPE")
    assert len(found) == 700
    assert all(b"%b%d" % (subject.encode(), number) in line for number, line in enumerate(found))
    assert stage.desk.calls.count("messages.rows") > 1


async def test_what_others_expunged_is_left_out_with_a_hint(stage: Stage) -> None:
    stage.store.append(new(), new(), new())
    one, two = await stage.selected(), await stage.selected()
    await one.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await one.ok("EXPUNGE")
    found = await two.ask("FETCH 1:3 (UID ENVELOPE)")
    assert [line.partition(b" ENV")[0] for line in found[:-1]] == [b"* 1 FETCH (UID 1", b"* 3 FETCH (UID 3"]
    assert found[-1].startswith(b"OK [EXPUNGEISSUED]")
    assert (await two.ask("FETCH 2 BODY[]"))[-1].startswith(b"OK [EXPUNGEISSUED]")
    assert await two.ok("FETCH 2 UID") == [b"* 2 FETCH (UID 2)"]
    assert b"* 2 EXPUNGE" in await two.ok("UID FETCH 3 UID")


async def test_changed_since(stage: Stage) -> None:
    stage.store.append(*[new()] * 4)
    client = await stage.selected()
    line = (await client.ok("FETCH 1 MODSEQ"))[-1]
    modseq = int(line.split(b"(")[-1].rstrip(b")"))
    assert await client.ok(f"FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq})") == []
    await client.ok("STORE 2,4 +FLAGS.SILENT (\\Flagged)")
    found = await client.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq})")
    assert [line.split()[4] for line in found] == [b"2", b"4"]
    assert all(b"MODSEQ (" in line for line in found)


async def test_unchanged_since(stage: Stage) -> None:
    stage.store.append(*[new()] * 3)
    one, two = await stage.selected(), await stage.selected()
    modseq = int((await one.ok("FETCH 1 MODSEQ"))[-1].split(b"(")[-1].rstrip(b")"))
    await two.ok("STORE 2 +FLAGS (\\Answered)")
    answer = await one.ask(f"STORE 1:3 (UNCHANGEDSINCE {modseq}) +FLAGS (\\Seen)")
    assert answer[-1].startswith(b"OK [MODIFIED 2]")
    assert (await two.ok("SEARCH SEEN"))[0] == b"* SEARCH 1 3"
