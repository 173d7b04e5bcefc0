"""Object ids (RFC 8474): the same for what is the same, different for what is not, whatever becomes of a message."""

from __future__ import annotations

import re

from tests.unit.services.imap.stage import Stage

LETTER = b"Message-ID: <a@x>\r\nSubject: A\r\n\r\nfirst\r\n"
ANSWER = b"Message-ID: <b@y>\r\nIn-Reply-To: <a@x>\r\nSubject: Re: A\r\n\r\nsecond\r\n"
FURTHER = b"Message-ID: <c@x>\r\nReferences: <a@x>\r\n\t<b@y>\r\nSubject: Re: A\r\n\r\nthird\r\n"
OTHER = b"Subject: no id at all\r\n\r\nfourth\r\n"
_IDS = re.compile(rb"EMAILID \(([\w-]+)\) THREADID \(([\w-]+)\)")
_MAILBOX = re.compile(rb"MAILBOXID \((F[\w-]+)\)")


def ids(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    return [(found[1], found[2]) for line in lines if (found := _IDS.search(line))]


async def test_a_conversation_has_one_thread_id_and_each_letter_an_email_id(stage: Stage) -> None:
    client = await stage.selected()
    for letter in (LETTER, ANSWER, FURTHER, OTHER):
        await client.append(letter)
    found = ids(await client.ok("FETCH 1:* (EMAILID THREADID)"))
    assert len({email for email, _ in found}) == 4
    threads = [thread for _, thread in found]
    assert threads[0] == threads[1] == threads[2] != threads[3]
    assert not {email for email, _ in found} & set(threads)
    assert await client.ok(b"SEARCH THREADID " + threads[0]) == [b"* SEARCH 1 2 3"]
    assert await client.ok(b"UID SEARCH EMAILID " + found[1][0]) == [b"* SEARCH 2"]
    assert await client.ok(b"SEARCH EMAILID " + found[1][0].swapcase()) == [b"* SEARCH"]


async def test_email_ids_survive_copy_and_move_and_tell_internal_dates_apart(stage: Stage) -> None:
    client = await stage.selected()
    await client.append(LETTER)
    await client.append(LETTER, flags='"01-Jan-2020 00:00:00 +0000" ')
    first, second = ids(await client.ok("FETCH 1:2 (EMAILID THREADID)"))
    assert first[0] != second[0]
    assert first[1] == second[1]
    await client.ok("CREATE Else")
    await client.ok("COPY 1 Else")
    await client.ok("MOVE 2 Else")
    await client.ok("SELECT Else")
    assert ids(await client.ok("FETCH 1:* (EMAILID THREADID)")) == [first, second]


async def test_a_mailbox_keeps_its_id_when_it_is_renamed_and_gives_it_to_no_other(stage: Stage) -> None:
    client = await stage.logged_in()
    made = _MAILBOX.search((await client.ask("CREATE One"))[-1])
    assert made is not None
    await client.ok("RENAME One Two")
    assert b"MAILBOXID (" + made[1] + b")" in (await client.ok("STATUS Two (MAILBOXID)"))[0]
    assert any(made[1] in line for line in await client.ok("EXAMINE Two"))
    await client.ok("DELETE Two")
    again = _MAILBOX.search((await client.ask("CREATE One"))[-1])
    assert again is not None
    assert again[1] != made[1]


async def test_a_copy_is_saved_when_it_comes(stage: Stage) -> None:
    client = await stage.selected()
    await client.append(LETTER, flags='"01-Jan-2020 00:00:00 +0000" ')
    saved = (await client.ok("FETCH 1 SAVEDATE"))[-1]
    assert b"2020" not in saved
    assert await client.ok("SEARCH SAVEDSINCE 2-Jan-2020 BEFORE 2-Jan-2020") == [b"* SEARCH 1"]


async def test_listing_with_ids_goes_on_where_a_page_was_cut(stage: Stage) -> None:
    client = await stage.selected()
    for number in range(3):
        await client.append(b"Message-ID: <%d@x>\r\nX-Long: %b\r\n\r\n" % (number, b"x" * 240_000))
    found = ids(await client.ok("FETCH 1:* (EMAILID THREADID)"))
    assert len(set(found)) == 3
