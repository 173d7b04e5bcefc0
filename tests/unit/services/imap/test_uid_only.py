"""UIDONLY (RFC 9586), where the transcript does not reach."""

from __future__ import annotations

import pytest

from tests.support.storage import Store, letter_octets, new
from tests.unit.services.imap.stage import Stage


@pytest.mark.parametrize(
    "command",
    [
        "ESEARCH IN (personal) NOT 1:2",
        "ESEARCH 1",
        "ESEARCH OR SEEN (FLAGGED 1)",
        "UID SEARCH 1:2",
        "UID SEARCH DELETED 1",
        "UID SEARCH OR ALL NOT 1",
        "UID SORT (DATE) UTF-8 DELETED 1",
        "UID THREAD REFERENCES UTF-8 DELETED 1",
        "UID SORT (DATE) UTF-8 1",
        "UID THREAD REFERENCES UTF-8 1",
        "SORT (DATE) UTF-8 ALL",
        "THREAD REFERENCES UTF-8 ALL",
        "FETCH 1 FLAGS",
        "STORE 1 +FLAGS (\\Seen)",
        "COPY 1 INBOX",
        "MOVE 1 INBOX",
    ],
)
async def test_no_command_names_messages_by_number(stage: Stage, store: Store, command: str) -> None:
    store.append(*[new()] * 2)
    client = await stage.selected()
    await client.ok("ENABLE UIDONLY")
    assert (await client.ask(command))[-1].startswith(b"BAD [UIDREQUIRED]")


async def test_a_number_in_criteria_is_refused_where_there_is_no_message(stage: Stage) -> None:
    client = await stage.selected()
    await client.ok("ENABLE UIDONLY")
    assert (await client.ask("UID SEARCH 1"))[-1].startswith(b"BAD [UIDREQUIRED]")


async def test_a_search_followed_by_number_is_given_up(stage: Stage) -> None:
    client = await stage.selected()
    await client.ok("SEARCH RETURN (UPDATE) ALL")
    await client.ok("UID SORT RETURN (UPDATE) (DATE) UTF-8 ALL")
    enabled = await client.ok("ENABLE UIDONLY")
    assert enabled[0] == b"* ENABLED UIDONLY"
    assert [line for line in enabled if b"NOUPDATE" in line] == [b'* NO [NOUPDATE "t3"] No longer followed']
    await (await stage.logged_in()).append(letter_octets())
    assert (await client.ok("NOOP"))[2:] == [b'* ESEARCH (TAG "t4") UID ADDTO (1 1)']


@pytest.mark.parametrize(
    "command", ["ESEARCH UID 1", "UID SEARCH UID 1", "UID SEARCH ALL", "EXPUNGE", "UID EXPUNGE 1"]
)
async def test_what_names_none_goes_on(stage: Stage, store: Store, command: str) -> None:
    store.append(*[new()] * 2)
    client = await stage.selected()
    await client.ok("ENABLE UIDONLY")
    await client.ok(command)
