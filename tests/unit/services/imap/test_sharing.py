"""Several users in one mailbox: rights are followed while it is selected; one's own mailboxes do not pay for it."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from services.imap.names import Names
from shared.contracts import metadata
from shared.contracts.errors import Code
from shared.contracts.metadata import Annotation
from tests.support.storage import GRANT, Store, letter_octets, new
from tests.unit.services.imap.stage import Client, Stage, stage_settings

NAME = "#user/bob/INBOX"


@pytest.fixture
def ann(store: Store) -> str:
    store.append(new(), new())
    number = store.add_account("ann@example.org")
    store.share("INBOX", "ann", "lrs")
    store.announcements.clear()
    return str(number)


async def shared(stage: Stage, ann: str) -> Client:
    """A client of ann with the mailbox of bob selected."""
    client = await stage.logged_in(ann)
    await client.ok(f"SELECT {NAME}")
    return client


async def test_ones_own_mailboxes_cost_no_questions_about_rights(stage: Stage, ann: str) -> None:
    bob = await stage.selected()
    await (await shared(stage, ann)).ok("NOOP")
    stage.desk.calls.clear()
    for _ in range(2):
        stage.store.share("INBOX", "ann", "lr" if stage.desk.calls else "lrw")
        stage.desk.announce()
        await bob.ok("FETCH 1 FLAGS")
        await bob.ok("STORE 1 +FLAGS (\\Flagged)")
        await bob.ok("SELECT INBOX")
    assert set(stage.desk.calls) == {"messages.store", "mailboxes.open"}


async def test_rights_are_asked_for_once_for_each_change(stage: Stage, ann: str) -> None:
    client = await shared(stage, ann)
    await client.ok("NOOP")
    stage.desk.calls.clear()
    await client.ok("NOOP")
    assert stage.desk.calls == []
    stage.store.share("INBOX", "ann", "lrst")
    stage.desk.announce()
    await trio.testing.wait_all_tasks_blocked()
    told = await client.ok("NOOP")
    assert told == [
        b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
        b"* OK [PERMANENTFLAGS (\\Deleted \\Seen)] Kept",
    ]
    await client.ok("NOOP")
    assert stage.desk.calls == ["acl.my-rights"]


async def test_rights_taken_away_between_select_and_its_first_command_are_noticed(stage: Stage, ann: str) -> None:
    client = await shared(stage, ann)
    stage.store.share("INBOX", "ann", "l")
    stage.store.announcements.clear()  # nobody hears of it
    assert (await client.ask("NOOP"))[0].startswith(b"* BYE")


async def test_a_lost_notice_about_rights_is_made_up_for_by_the_next_change(stage: Stage, ann: str) -> None:
    client = await shared(stage, ann)
    await client.ok("NOOP")
    stage.store.share("INBOX", "ann", "l")
    stage.store.announcements.clear()
    stage.store.append(new())
    stage.desk.announce()
    await client.send(b"i IDLE\r\n")
    while not (response := await client.response()).startswith(b"* BYE"):
        assert response


async def test_a_lost_notice_about_rights_is_made_up_for_by_the_timer(
    stage: Stage, ann: str, autojump_clock: trio.testing.MockClock
) -> None:
    client = await shared(stage, ann)
    await client.send(b"i IDLE\r\n")
    await client.response()
    stage.store.share("INBOX", "ann", "l")
    stage.store.announcements.clear()
    await trio.sleep(40)
    assert (await client.response()).startswith(b"* BYE")


async def test_one_who_may_not_read_any_more_keeps_nobody_from_the_news(stage: Stage, ann: str) -> None:
    """The view catches up with the grant of a member who still may."""
    leaving = await shared(stage, ann)
    await leaving.ok("NOOP")
    carl = stage.store.add_account("carl@example.org")
    stage.store.share("INBOX", "carl", "lr")
    stage.desk.announce()
    staying = await stage.logged_in(str(carl))
    await staying.ok(f"SELECT {NAME}")
    stage.store.share("INBOX", "-ann", "r")
    stage.store.append(new())
    stage.store.announcements.clear()
    stage.store.append(new())
    stage.desk.announce()
    await staying.send(b"i IDLE\r\n")
    while (response := await staying.response()) != b"* 4 EXISTS":
        assert response


async def test_while_storage_does_not_answer_rights_stay_as_they_are(stage: Stage, ann: str) -> None:
    client = await shared(stage, ann)
    stage.desk.refuse["acl.my-rights"] = Code.UNAVAILABLE
    await client.ok("FETCH 1:2 FLAGS")
    stage.desk.refuse.clear()
    stage.store.share("INBOX", "ann", "l")
    assert (await client.ask("FETCH 1:2 FLAGS"))[0].startswith(b"* BYE")


async def test_a_large_message_is_welcome_where_inserting_is_all_that_one_may(stage: Stage, ann: str) -> None:
    client = await stage.logged_in(ann)
    await client.no(f"APPEND {NAME} {{1000000}}", "NOPERM")
    await client.no("APPEND #user/bob/Sent {1000000}", "TRYCREATE")
    stage.store.share("INBOX", "ann", "i")
    stage.desk.refuse["blobs.upload"] = Code.LIMIT  # no data port here: the question alone shows that it may come
    await client.no(f"APPEND {NAME} {{1000000}}", "LIMIT")


async def test_case_42_mailboxes_of_others_look_as_if_they_were_not_there(stage: Stage, store: Store) -> None:
    eve = await stage.logged_in(str(store.add_account("eve@example.org")))
    for command in ("SELECT", "EXAMINE", "DELETE", "MYRIGHTS", "GETACL"):
        there, nowhere = await eve.ask(f"{command} {NAME}"), await eve.ask(f"{command} #user/nobody/INBOX")
        assert there == nowhere
        assert there[-1].startswith(b"NO [NONEXISTENT]")
    assert await eve.ask(f"STATUS {NAME} (MESSAGES)") == await eve.ask("STATUS #user/nobody/INBOX (MESSAGES)")
    assert await eve.append(letter_octets(), NAME) == await eve.append(letter_octets(), "#user/nobody/INBOX")
    assert await eve.ok('LIST "" #user*') == []


async def test_dots_in_a_user_are_shown_as_carets_where_dots_separate(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(separator="."), None)
    ann_lee = store.add_account("ann.lee@example.org")
    store.share("INBOX", "bob", "lr", owner=ann_lee)
    client = await stage.logged_in()
    assert b'* LIST (\\HasNoChildren) "." "#user.ann^lee.INBOX"' in await client.ok('LIST "" "#user.*"')
    await client.ok("SELECT #user.ann^lee.INBOX")
    names = Names(".")
    assert names.inward("#user.ann^lee@example^org.a^b") == "#user/ann.lee@example.org/a^b"
    assert names.outward("#user/ann.lee@example.org/a^b") == "#user.ann^lee@example^org.a^b"


@pytest.mark.parametrize(
    "who", ["' OR 1=1", "*)(uid=*", "a.*.>", "x" * 10_000, "", "@", "ann@", "b\\\\ob", "-", "--ann"]
)
async def test_case_31_strange_identifiers_are_nobody(stage: Stage, ann: str, who: str) -> None:
    client = await stage.logged_in()
    for command in (f'SETACL INBOX "{who}" lr', f'DELETEACL INBOX "{who}"', f'LISTRIGHTS INBOX "{who}"'):
        answer = (await client.ask(command))[-1]
        assert answer.startswith((b"NO [CANNOT]", b"BAD")), answer
    assert await client.ok("GETACL INBOX") == [b'* ACL "INBOX" "bob" "lrswipkxteacd" "ann" "lrs"']


async def test_case_41_annotations_cannot_break_out_of_their_line(stage: Stage) -> None:
    client = await stage.logged_in()
    value = b'x\r\n* 5 EXISTS\r\n"\\'
    await client.ok(b"SETMETADATA INBOX (/private/comment {%d+}\r\n%b)" % (len(value), value))
    assert await client.ok("GETMETADATA INBOX /private/comment") == [
        b'* METADATA "INBOX" (/private/comment {%d}\r\n%b)' % (len(value), value)
    ]
    await client.ok(b"SETMETADATA INBOX (/private/comment ~{3+}\r\na\0b)")
    assert await client.ok("GETMETADATA INBOX /private/comment") == [
        b'* METADATA "INBOX" (/private/comment ~{3}\r\na\0b)'
    ]
    for entry in ('"/private/a\tb"', '"/private/\x01"', "{17+}\r\n/private/a\r\nb/cde", '"/private/caf\u00e9"'):
        answer = (await client.ask(f'SETMETADATA INBOX ({entry} "x")'.encode()))[-1]
        assert answer.startswith(b"BAD"), answer
    await client.ok('SETMETADATA INBOX ("/private/with space" "x")')
    assert await client.ok('GETMETADATA INBOX ("/private/with space")') == [
        b'* METADATA "INBOX" ("/private/with space" "x")'
    ]


async def test_case_42_quota_roots_and_annotations_of_others_look_as_if_they_were_not_there(
    stage: Stage, store: Store
) -> None:
    eve = await stage.logged_in(str(store.add_account("eve@example.org")))
    for there, nowhere in (
        ("GETQUOTA bob@example.org", "GETQUOTA nobody@example.org"),
        ("GETQUOTA bob@example.org/INBOX", "GETQUOTA bob@example.org/Nowhere"),
        ("SETQUOTA bob@example.org (MESSAGE 1)", "SETQUOTA nobody@example.org (MESSAGE 1)"),
        (f"GETQUOTAROOT {NAME}", "GETQUOTAROOT #user/nobody/INBOX"),
        (f"GETMETADATA {NAME} /shared/comment", "GETMETADATA #user/nobody/INBOX /shared/comment"),
        (f'SETMETADATA {NAME} (/shared/comment "x")', 'SETMETADATA #user/nobody/INBOX (/shared/comment "x")'),
    ):
        assert await eve.ask(there) == await eve.ask(nowhere)


@pytest.mark.parametrize("command", ["GETMETADATA INBOX", "SETMETADATA INBOX", "SETQUOTA x", "GETMETADATA"])
async def test_case_40_parentheses_without_end(stage: Stage, command: str) -> None:
    client = await stage.logged_in()
    assert (await client.ask(f"{command} {'(' * 4000}"))[-1].startswith(b"BAD")
    assert (await client.ask("NOOP"))[-1].startswith(b"OK")


async def test_annotations_are_told_again_where_notices_may_have_been_lost(stage: Stage) -> None:
    client = await stage.logged_in()
    await client.ok("NOTIFY SET (PERSONAL (MailboxMetadataChange))")
    given = (Annotation("/private/comment", b"x"),)
    stage.store.call(metadata.set, metadata.Set(GRANT, "INBOX", given), session="another")
    stage.store.announcements.clear()  # the bus lost it
    stage.broker.sever(stage.wire)
    stage.broker.restore(stage.wire)
    assert await client.response() == b'* METADATA "INBOX" /private/comment'
