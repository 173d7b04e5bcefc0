"""Naming, listing and moving between mailboxes."""

from __future__ import annotations

import pytest
import trio

from services.imap.listing import choose
from services.imap.names import Names
from shared.contracts.mailboxes import Mailbox
from shared.protocols.imap.syntax.list import List
from tests.support.storage import Store, letter_octets
from tests.unit.services.imap.stage import Stage, stage_settings

HOUSE = (
    Mailbox(1, "INBOX", 1, subscribed=True),
    Mailbox(2, "Sent", 2, special_use="\\Sent", subscribed=True),
    Mailbox(0, "Work", 0),
    Mailbox(3, "Work/Old", 3, subscribed=True),
    Mailbox(4, "Work/Old/1999", 4, subscribed=True),
    Mailbox(0, "Gone", 0, subscribed=True),
)


def listed(command: List) -> dict[str, tuple[str, ...]]:
    return {entry.name: entry.attributes for entry in choose(command, HOUSE, Names("/"))}


def test_list_tells_what_exists() -> None:
    assert listed(List("", ("*",))) == {
        "INBOX": ("\\HasNoChildren",),
        "Sent": ("\\HasNoChildren", "\\Sent"),
        "Work": ("\\Noselect", "\\HasChildren"),
        "Work/Old": ("\\HasChildren",),
        "Work/Old/1999": ("\\HasNoChildren",),
    }
    assert set(listed(List("Work/", ("%",)))) == {"Work/Old"}
    assert set(listed(List("", ("inbox",)))) == {"INBOX"}


def test_lsub_tells_what_is_subscribed_and_what_stands_for_it() -> None:
    found = listed(List("", ("%",), lsub=True))
    assert set(found) == {"INBOX", "Sent", "Work", "Gone"}
    assert found["Work"] == ("\\Noselect",)
    assert set(listed(List("", ("*",), lsub=True))) == {"INBOX", "Sent", "Work/Old", "Work/Old/1999", "Gone"}


def test_extended_selections() -> None:
    subscribed = List("", ("*",), frozenset({"SUBSCRIBED"}), extended=True)
    assert listed(subscribed)["Gone"] == ("\\NonExistent", "\\HasNoChildren", "\\Subscribed")
    special = List("", ("*",), frozenset({"SPECIAL-USE"}), extended=True)
    assert set(listed(special)) == {"Sent"}
    recursive = List("", ("%",), frozenset({"SUBSCRIBED", "RECURSIVEMATCH"}), extended=True)
    below = {entry.name for entry in choose(recursive, HOUSE, Names("/")) if entry.subscribed_below}
    assert below == {"Work"}


def test_levels_above_what_is_subscribed_stand_for_what_the_patterns_do_not_reach() -> None:
    house = sorted((*HOUSE, Mailbox(0, "no/where", 0, subscribed=True)), key=lambda mailbox: mailbox.name)

    def found(pattern: str, *, lsub: bool = False) -> dict[str, tuple[tuple[str, ...], bool, bool]]:
        selection = frozenset() if lsub else frozenset({"SUBSCRIBED", "RECURSIVEMATCH"})
        command = List("", (pattern,), selection, extended=not lsub, lsub=lsub)
        entries = choose(command, house, Names("/"))
        return {each.name: (each.attributes, each.subscribed_below, each.described) for each in entries}

    assert found("%")["no"] == (("\\NonExistent", "\\HasNoChildren"), True, False)
    assert found("%")["Work"] == (("\\NonExistent", "\\HasChildren"), True, False)
    assert found("*").keys() == {"INBOX", "Sent", "Work/Old", "Work/Old/1999", "Gone", "no/where"}
    assert found("*")["Work/Old"] == (("\\HasChildren", "\\Subscribed"), True, True)
    assert found("%", lsub=True)["no"] == (("\\Noselect",), False, False)
    assert "no" not in found("*", lsub=True)


def test_what_may_not_be_read_cannot_be_selected() -> None:
    dark = (Mailbox(1, "dark", 1, rights="l"),)
    assert choose(List("", ("*",), status=("MESSAGES",), extended=True), dark, Names("/"))[0].attributes == (
        "\\Noselect",
        "\\HasNoChildren",
    )


async def test_another_separator(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(separator="."), None)
    client = await stage.logged_in()
    assert await client.ok("NAMESPACE") == [b'* NAMESPACE (("" ".")) (("#user." ".")) (("#shared." "."))']
    await client.ok("CREATE Work.Old")
    assert b'* LIST (\\HasNoChildren) "." "Work.Old"' in await client.ok('LIST "" Work.%')
    assert b'"Work.Old"' in (await client.ok("STATUS Work.Old (MESSAGES)"))[0]
    for command in ("CREATE a/b", "SELECT Work/Old", "RENAME Work.Old a/b", "APPEND a/b {1+}\r\nx"):
        await client.no(command, "CANNOT")
    other = Stage(nursery, store, stage_settings(), None)
    assert b'"Work/Old"' in (await (await other.logged_in()).ok('LIST "" Work/%'))[0]


async def test_copy_and_move_tell_where_messages_went(stage: Stage) -> None:
    client = await stage.selected()
    for number in range(4):
        await client.append(letter_octets(f"n{number}"))
    await client.no("COPY 1 Nowhere", "TRYCREATE")
    await client.no("APPEND Nowhere {1+}\r\nx", "TRYCREATE")
    assert (await client.ask("COPY 2:3 Archive"))[-1].startswith(b"OK [COPYUID ")
    found = await client.ask("MOVE 1,4 Archive")
    assert found[0].startswith(b"* OK [COPYUID ")
    assert b" 1,4 3:4]" in found[0]
    assert found[1:3] == [b"* 1 EXPUNGE", b"* 3 EXPUNGE"]
    assert await client.ok("STATUS Archive (MESSAGES UIDNEXT)") == [b'* STATUS "Archive" (MESSAGES 4 UIDNEXT 5)']
    assert (await client.ask("UID COPY 99 Archive"))[-1] == b"OK COPY completed"


async def test_uid_expunge_takes_only_what_is_named(stage: Stage) -> None:
    client = await stage.selected()
    for number in range(3):
        await client.append(letter_octets(f"n{number}"))
    await client.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert await client.ok("UID EXPUNGE 2,9") == [b"* 2 EXPUNGE"]
    assert await client.ok("CLOSE") == []
    assert b"* 0 EXISTS" in await client.ok("SELECT INBOX")


async def test_rename_keeps_the_selected_mailbox(stage: Stage) -> None:
    client = await stage.logged_in()
    await client.ok("CREATE Work/Old")
    await client.ok("SELECT Work/Old")
    await client.ok("RENAME Work Play")
    await client.append(letter_octets(), "Play/Old")
    assert await client.ok("SEARCH ALL") == [b"* SEARCH 1"]
    found = await client.ok("DELETE Play/Old")
    assert found[0].startswith(b"* OK [CLOSED]")


@pytest.mark.parametrize("use", ["\\Sent \\Trash", "\\Nonsense"])
async def test_special_uses_that_cannot_be(stage: Stage, use: str) -> None:
    client = await stage.logged_in()
    await client.no(f"CREATE Box (USE ({use}))", "USEATTR")


async def test_append_keeps_flags_and_date(stage: Stage) -> None:
    client = await stage.selected()
    await client.append(letter_octets(), flags='(\\Flagged $work) "17-Jul-1996 02:44:25 -0700" ')
    found = await client.ok("FETCH 1 (FLAGS INTERNALDATE)")
    assert found == [b'* 1 FETCH (FLAGS ($work \\Flagged \\Recent) INTERNALDATE "17-Jul-1996 09:44:25 +0000")']
    await client.no("APPEND INBOX {0+}\r\n", "CANNOT")
