"""What attackers and broken clients do; the numbers are those of the project's list of abuse cases."""

from __future__ import annotations

import resource
from array import array

import pytest
import trio

from services.imap.columns import Columns, pack
from services.imap.flagsets import FlagTable
from services.imap.snapshot import Snapshot
from services.imap.view import View
from shared.contracts.changes import Change, FlagSet, Rows
from shared.protocols.imap.sets import SequenceSet
from tests.support.storage import Store, letter_octets, new
from tests.unit.services.imap.stage import Stage, stage_settings


@pytest.mark.parametrize("size", [b"4294967295", b"99999999999999999999", b"5000"])
async def test_case_39_literals_before_login(stage: Stage, size: bytes) -> None:
    client = await stage.connect()
    await client.response()
    await client.send(b"a LOGIN {%b}\r\n" % size)
    assert (await client.response()).startswith(b"a BAD")
    await client.send(b"b LOGIN {%b+}\r\n" % size)
    assert (await client.response()).startswith(b"* BYE")
    assert await client.response() == b""


async def test_case_39_a_negative_literal_is_no_literal(stage: Stage) -> None:
    client = await stage.connect()
    await client.response()
    assert (await client.ask("LOGIN {-1}"))[-1].startswith(b"BAD")


async def test_case_40_parentheses(stage: Stage) -> None:
    before, after = await stage.connect(), await stage.selected()
    await before.response()
    for client, command in ((before, "NOOP"), (after, "NOOP"), (after, "SEARCH"), (after, "FETCH 1")):
        assert (await client.ask(f"{command} {'(' * 4000}"))[-1].startswith(b"BAD")
        assert (await client.ask("NOOP"))[-1].startswith(b"OK")


async def test_case_41_nothing_breaks_out_of_its_line(stage: Stage) -> None:
    client = await stage.logged_in()
    await client.ok('CREATE "a\\"b\\\\c"')
    assert b'"a\\"b\\\\c"' in (await client.ok('LIST "" a*'))[0]
    bad = b'x\r\n* 5 EXISTS\r\n"'
    assert not (await client.ask(b"CREATE {%d+}\r\n%b" % (len(bad), bad)))[-1].startswith(b"OK")
    letter = b'Subject: a\r\n\t"b" \xff * 9 EXISTS\r\nFrom: "x\\"y" <a@b>\r\n\r\n* 7 EXPUNGE\r\n'
    stage.store.append(new(letter))
    await client.ok("SELECT INBOX")
    found = await client.ok("FETCH 1 (ENVELOPE BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    assert len(found) == 1
    assert letter in found[0]


@pytest.mark.parametrize(
    "name",
    ["../../x", "/abs", "a//b", "x" * 10_000, "/".join("a" * 1000), "&&&-", "&AGE-", "a*b", "#news/x", "."],
)
async def test_case_42_mailbox_names(stage: Stage, name: str) -> None:
    client = await stage.logged_in()
    answer = (await client.ask(f'CREATE "{name}"'))[-1]
    assert answer.startswith((b"NO [CANNOT]", b"NO [LIMIT]", b"BAD")), answer


async def test_case_42_other_users_do_not_exist(stage: Stage, store: Store) -> None:
    eve = store.add_account("eve@example.org")
    client = await stage.logged_in(str(eve))
    for name in ("#user/bob/INBOX", "#shared/INBOX", "user/bob/INBOX", "bob@example.org/INBOX", "../bob/INBOX"):
        await client.no(f'SELECT "{name}"', "NONEXISTENT")


def test_case_43_a_million_messages() -> None:
    count = 1_000_000
    view = View(FlagTable())
    view.table.learn([FlagSet(1, ()), FlagSet(2, ("\\Seen",))])
    uids = array("I", range(1, count + 1))
    column = array("I", [1]) * count
    view.load(
        Rows(pack(uids), array("Q", range(1, count + 1)).tobytes(), pack(column), pack(column), bytes(8 * count))
    )
    view.loaded(count, count + 1)
    session, other = Snapshot(view, 1), Snapshot(view, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    named = session.uids_of(SequenceSet(((1, 0),)))
    for start in range(0, count, 1000):
        place = session.locate(named[start : start + 1000])
        assert isinstance(place.sequences, range)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024
    change = Change(1, count, count + 1, count + 1, vanished=pack(range(1, count + 1, 10)))
    view.apply(change)
    assert session.sequence(2) == 2  # still counted with the ghost before it
    assert len(session.news(expunges=True).expunged) == count // 10
    assert session.sequence(2) == 1
    assert other.exists == count
    assert isinstance(other.locate(array("I", [1, 2])).columns, Columns)


async def test_case_44_searches_that_take_long(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(command_seconds=0.05, line_after_login=1024 * 1024), None)
    client = await stage.selected()
    for _ in range(20):
        await client.append(letter_octets())
    terms = b" ".join(b"OR LARGER %d" % number for number in range(10_000, 20_000)) + b" SMALLER 1"
    assert (await client.ask(b"SEARCH " + terms))[-1].startswith((b"NO [LIMIT]", b"OK"))
    members = ",".join(f"{number}:{number + 1}" for number in range(1, 60_000, 3))
    assert (await client.ok(f"UID SEARCH UID {members}"))[0].startswith(b"* SEARCH 1 2 4")


async def test_case_44_many_texts_are_asked_for_in_few_calls(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(line_after_login=1024 * 1024), None)
    client = await stage.selected()
    await client.append(letter_octets(text="needle 777\r\n"))
    await client.ok("NOOP")
    stage.desk.calls.clear()
    terms = b" ".join(b"OR BODY t%d" % number for number in range(640)) + b" BODY needle"
    assert await client.ok(b"SEARCH " + terms) == [b"* SEARCH 1"]
    assert stage.desk.calls.count("search.text") <= 11


async def test_case_44_loops_and_mountains_of_filters(stage: Stage) -> None:
    client = await stage.selected()
    for number in range(5):
        inner = f"FILTER f{number + 1} " * 30
        await client.ok(f'SETMETADATA "" (/private/filters/values/f{number} "{inner.strip()}")')
    await client.ok('SETMETADATA "" (/private/filters/values/f5 "FILTER f0")')
    assert (await client.ask("SEARCH FILTER f0"))[-1].startswith((b"NO [UNDEFINED-FILTER", b"NO [LIMIT]"))


async def test_case_44_long_threads_are_bounded(stage: Stage, store: Store) -> None:
    loops = [
        b"Message-ID: <%d@x>\r\nReferences: %b\r\n\r\n"
        % (number, b" ".join(b"<%d@x>" % ((number * 7 + other) % 300) for other in range(120)))
        for number in range(300)
    ]
    store.append(*map(new, loops))
    client = await stage.selected()
    found = await client.ok("THREAD REFERENCES UTF-8 ALL")
    assert found[0].count(b"(") >= 1


async def test_case_46_a_client_that_never_reads(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client = await stage.selected()
    await client.append(letter_octets(text="x" * 200_000 + "\r\n"))
    await client.ok("NOOP")
    session = next(iter(stage.roster.sessions))
    for number in range(200):
        await client.send(b"f%d FETCH 1 BODY.PEEK[]\r\n" % number)
    await trio.sleep(90)
    assert not stage.roster.sessions
    assert session.talk.out.pending < 1024 * 1024  # type: ignore[attr-defined]
    assert session.talk.core.buffered < 1024 * 1024  # type: ignore[attr-defined]


async def test_case_47_many_in_idle_hear_at_once(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(sessions_per_account=0), None)
    waiting = [await stage.selected() for _ in range(100)]
    for client in waiting:
        await client.send(b"i IDLE\r\n")
        assert (await client.response()).startswith(b"+")
    author = await stage.logged_in()
    with trio.fail_after(2):
        await author.append(letter_octets())
        for client in waiting:
            assert await client.response() == b"* 1 EXISTS"


async def test_case_47_idle_ends_after_half_an_hour(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client = await stage.selected()
    await client.send(b"i IDLE\r\n")
    await client.response()
    heard = 0
    with trio.fail_after(3600):
        while (line := await _patiently(client)).startswith(b"* OK"):
            heard += 1
    assert line.startswith(b"* BYE Autologout"), line
    assert heard == 14  # every two minutes


async def _patiently(client: object) -> bytes:
    """A response, however long it takes."""
    received = b""
    while not received.endswith(b"\r\n"):
        received += await client.stream.receive_some(1)  # type: ignore[attr-defined]
    return received


async def test_case_48_ten_thousand_pipelined(stage: Stage) -> None:
    client = await stage.selected()
    count = 10_000

    async def ask() -> None:
        await client.send(b"".join(b"p%d NOOP\r\n" % number for number in range(count)))

    stage.nursery.start_soon(ask)
    await trio.sleep(0.1)
    for number in range(count):
        assert await client.response() == b"p%d OK NOOP completed" % number


async def test_a_few_urls_cannot_ask_for_endless_copies(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(message_limit=1_000), None)
    client = await stage.selected()
    await client.append(letter_octets(text="x" * 700))
    many = " ".join(["CATENATE (URL ;UID=1)"] * 200)
    await client.no(f"APPEND INBOX {many}", "LIMIT")
    await client.no("APPEND INBOX CATENATE (URL ;UID=1 URL ;UID=1)", "TOOBIG")
    await client.ok("APPEND INBOX CATENATE (URL ;UID=1) CATENATE (URL ;UID=1)")
    assert await client.ok("SEARCH ALL") == [b"* SEARCH 1 2 3"]
