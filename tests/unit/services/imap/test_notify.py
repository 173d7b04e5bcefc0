"""NOTIFY: what is chosen, what is told, and that nothing is lost for good."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from services.imap.notify.choice import Choice
from services.imap.notify.naming import Told, differences
from shared.contracts import mailboxes
from shared.contracts.errors import Code
from shared.contracts.mailboxes import Create, Mailbox
from shared.protocols.imap.syntax.fetch import Item
from shared.protocols.imap.syntax.notify import Event, Group, Notify, Where
from tests.support.storage import GRANT, Store, letter_octets, new
from tests.unit.services.imap.stage import Stage, stage_settings
from tests.unit.shared.protocols.imap.events import parsed

MESSAGES = frozenset({Event.NEW, Event.EXPUNGE})
NAMES = frozenset({Event.NAME, Event.SUBSCRIPTION})
WATCH_ALL = "NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))"


def box(number: int, name: str, *, subscribed: bool = False) -> Mailbox:
    return Mailbox(number, name, 1, "", subscribed, selectable=bool(number))


@pytest.mark.parametrize(
    ("where", "names", "expected"),
    [
        (Where.PERSONAL, (), {"INBOX", "a", "a/b", "ab"}),
        (Where.INBOXES, (), {"INBOX", "a", "a/b", "ab"}),
        (Where.SUBSCRIBED, (), {"a/b"}),
        (Where.SUBTREE, ("a",), {"a", "a/b"}),
        (Where.MAILBOXES, ("a", "nowhere"), {"a"}),
    ],
)
def test_which_mailboxes_a_group_is_about(where: Where, names: tuple[str, ...], expected: set[str]) -> None:
    listing = [box(1, "INBOX"), box(2, "a"), box(3, "a/b", subscribed=True), box(4, "ab"), box(5, "#user/ann/INBOX")]
    assert Choice([Group(where, names, MESSAGES)]).watched(listing).keys() == expected


def test_groups_add_up() -> None:
    choice = Choice([Group(Where.MAILBOXES, ("a",), MESSAGES), Group(Where.PERSONAL, (), NAMES)])
    assert choice.events(box(2, "a")) == MESSAGES | NAMES
    assert choice.events(box(3, "b")) == NAMES


def test_what_became_of_names() -> None:
    before = [box(1, "INBOX"), box(2, "a"), box(3, "a/b"), box(4, "gone")]
    after = [box(1, "INBOX"), box(2, "z"), box(3, "z/b"), box(5, "INBOX/new", subscribed=True)]
    assert differences(before, after, Choice([Group(Where.PERSONAL, (), NAMES)])) == [
        Told("INBOX", ("\\HasChildren",)),
        Told("INBOX/new", ("\\HasNoChildren", "\\Subscribed")),
        Told("gone", ("\\NonExistent",)),
        Told("z", ("\\HasChildren",), "a"),
    ]
    assert differences(before, before, Choice([Group(Where.PERSONAL, (), NAMES)])) == []
    assert differences(before, after, Choice([Group(Where.MAILBOXES, ("other",), NAMES)])) == []


def test_syntax() -> None:
    selected = Group(Where.SELECTED, (), MESSAGES, (Item.UID, Item.FLAGS))
    others = Group(Where.SUBTREE, ("a", "INBOX"), frozenset())
    line = "NOTIFY SET STATUS (selected (MessageNew (UID FLAGS) messageexpunge)) (subtree (a inbox) NONE)"
    assert parsed(line) == Notify((selected, others), status=True)
    assert parsed("NOTIFY NONE") == Notify(())


async def test_a_mailbox_is_told_when_its_notices_were_lost(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    client = await stage.logged_in()
    await client.ok(WATCH_ALL)
    stage.store.append(new(), mailbox="Sent")
    stage.store.call(mailboxes.create, Create(GRANT, stage.store.key(), "Lost"))
    stage.store.announcements.clear()
    await trio.sleep(31)
    told = sorted([await client.response(), await client.response()])
    assert told[0] == b'* LIST (\\HasNoChildren) "/" "Lost"'
    assert told[1].startswith(b'* STATUS "Sent" (UIDNEXT 2 MESSAGES 1 UIDVALIDITY ')


async def test_a_mailbox_made_behind_an_answer_is_told_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await stage.logged_in()
    await client.ok(WATCH_ALL)
    real = stage.store.call

    def call(op: Any, request: Any, **rest: Any) -> Any:
        reply = real(op, request, **rest)
        if op is mailboxes.listing:
            monkeypatch.setattr(stage.store, "call", real)
            real(mailboxes.create, Create(GRANT, stage.store.key(), "Second"))
            stage.desk.announce()
        return reply

    monkeypatch.setattr(stage.store, "call", call)
    real(mailboxes.create, Create(GRANT, stage.store.key(), "First"))
    stage.desk.announce()
    assert await client.response() == b'* LIST (\\HasNoChildren) "/" "First"'
    assert await client.response() == b'* LIST (\\HasNoChildren) "/" "Second"'


async def test_modseqs_are_told_to_those_who_know_them(stage: Stage) -> None:
    client, other = await stage.logged_in(), await stage.logged_in()
    await client.ok("ENABLE QRESYNC")
    await client.ok(WATCH_ALL)
    await other.append(letter_octets(), "Sent")
    assert (await client.response()).startswith(b'* STATUS "Sent" (UIDNEXT 2 MESSAGES 1 HIGHESTMODSEQ ')
    await other.ok("SELECT Sent")
    await other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert (await client.response()).startswith(b'* STATUS "Sent" (HIGHESTMODSEQ ')


async def test_a_mailbox_made_later_is_watched(stage: Stage) -> None:
    client, other = await stage.logged_in(), await stage.logged_in()
    await client.ok("NOTIFY SET (SUBTREE Later (MessageNew MessageExpunge))")
    await other.ok("CREATE Later/On")
    await client.ok("NOOP")
    await other.append(letter_octets(), "Later/On")
    assert await client.response() == b'* STATUS "Later/On" (UIDNEXT 2 MESSAGES 1)'


async def test_more_mailboxes_than_we_watch(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(notify_mailboxes=7), None)
    client, other = await stage.logged_in(), await stage.logged_in()
    await client.ok(WATCH_ALL)
    await other.ok("CREATE seven")
    assert await client.response() == b'* LIST (\\HasNoChildren) "/" "seven"'
    await other.ok("CREATE eight")
    assert await client.response() == b'* LIST (\\HasNoChildren) "/" "eight"'
    assert (await client.response()).startswith(b"* OK [NOTIFICATIONOVERFLOW]")
    await other.append(letter_octets(), "seven")
    assert await client.ok("NOOP") == []
    await client.no(WATCH_ALL, "NOTIFICATIONOVERFLOW")


async def test_a_session_that_hears_much_still_times_out(
    nursery: trio.Nursery, store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    stage = Stage(nursery, store, stage_settings(idle_timeout=100), None)
    client = await stage.logged_in()
    await client.ok(WATCH_ALL)
    for _ in range(8):
        store.append(new(), mailbox="Sent")
        stage.desk.announce()
        await trio.sleep(10)
        assert (await client.response()).startswith(b"* STATUS")
    await trio.sleep(45)
    assert (await client.response()).startswith(b"* BYE")


async def test_storage_away_is_waited_for(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client, other = await stage.logged_in(), await stage.logged_in()
    await client.ok(WATCH_ALL)
    stage.desk.refuse["mailboxes.status"] = Code.UNAVAILABLE
    await other.append(letter_octets(), "Sent")
    assert await client.ok("NOOP") == []
    stage.desk.refuse.clear()
    assert (await client.ok("NOOP"))[0].startswith(b'* STATUS "Sent" (UIDNEXT 2 MESSAGES 1')


async def test_own_messages_are_counted_and_not_described(stage: Stage) -> None:
    client, other = await stage.selected(), await stage.logged_in()
    await client.ok(
        "NOTIFY SET STATUS (SELECTED (MessageNew (UID) MessageExpunge)) (MAILBOXES INBOX (MessageNew MessageExpunge))"
    )
    octets = letter_octets()
    own = [b"APPEND INBOX {%d+}\r\n%b" % (len(octets), octets), b"UID COPY 1 INBOX", b"UID MOVE 1 INBOX"]
    own.append(b"UID REPLACE 2 INBOX {%d+}\r\n%b" % (len(octets), octets))
    for command in own:
        told = await client.ok(command)
        assert any(line.endswith(b" EXISTS") for line in told)
        assert not any(b"FETCH" in line for line in told)
    await other.append(letter_octets())
    assert [await client.response() for _ in range(3)][2] == b"* 3 FETCH (UID 5)"


async def test_nobody_listens_after_the_session(stage: Stage) -> None:
    client = await stage.selected()
    await client.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))")
    await client.ask("LOGOUT")
    await trio.testing.wait_all_tasks_blocked()
    assert not stage.watches._mailboxes
    assert not stage.watches._lists


async def test_an_item_that_nobody_can_decode_ends_no_session(stage: Stage) -> None:
    client, other = await stage.selected(), await stage.logged_in()
    await client.ok("NOTIFY SET (SELECTED (MessageNew (UID BINARY.PEEK[1]) MessageExpunge))")
    await other.append(b"Content-Transfer-Encoding: x-nobody\r\nSubject: odd\r\n\r\nHello\r\n")
    assert await client.response() == b"* 1 EXISTS"
    assert b"* 1 FETCH (FLAGS (\\Recent))" in await client.ok("FETCH 1 FLAGS")


async def test_a_session_without_news_is_kept_alive(
    nursery: trio.Nursery, store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    stage = Stage(nursery, store, stage_settings(keepalive=20, idle_timeout=70), None)
    client = await stage.logged_in()
    await client.ok(WATCH_ALL)
    heard: list[bytes] = []
    while not heard or not heard[-1].startswith(b"* BYE"):
        await trio.sleep(21)
        heard.append(await client.response())
    assert heard[:3] == [b"* OK Still here"] * 3
    assert len(heard) <= 6
