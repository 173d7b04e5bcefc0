"""A session from greeting to BYE."""

from __future__ import annotations

from tests.support.storage import letter_octets, new
from tests.unit.services.imap.stage import Stage


async def test_greeting_login_logout(stage: Stage) -> None:
    client = await stage.connect()
    greeting = await client.response()
    assert greeting.startswith(b"* OK [CAPABILITY IMAP4rev1 ")
    assert b"AUTH=PLAIN" in greeting
    found = await client.ask('LOGIN bob@example.org "correct horse"')
    assert found[-1].startswith(b"OK [CAPABILITY ")
    assert b"AUTH=" not in found[-1]
    assert await client.ok("LOGOUT") == [b"* BYE Logging out"]
    assert await client.response() == b""


async def test_select_fetch_store_expunge(stage: Stage) -> None:
    client = await stage.logged_in()
    for number in range(3):
        assert (await client.append(letter_octets(f"n{number}"))).startswith(b"OK [APPENDUID ")
    found = await client.ok("SELECT INBOX")
    assert b"* 3 EXISTS" in found
    assert b"* OK [UNSEEN 1] First unseen" in found
    assert await client.ok("FETCH 1:* (UID RFC822.SIZE)") == [
        b"* %d FETCH (UID %d RFC822.SIZE %d)" % (n, n, len(letter_octets("n0"))) for n in (1, 2, 3)
    ]
    assert await client.ok("FETCH 2 BODY[HEADER.FIELDS (Subject)]") == [
        b"* 2 FETCH (BODY[HEADER.FIELDS (Subject)] {15}\r\nSubject: n1\r\n\r\n FLAGS (\\Seen \\Recent))"
    ]
    found = await client.ok("FETCH 3 BODY[]")
    assert found[0].startswith(b"* 3 FETCH (BODY[] {")
    assert found[0].endswith(b"\r\n\r\nHi there.\r\n FLAGS (\\Seen \\Recent))")
    assert await client.ok("STORE 1 +FLAGS (\\Deleted)") == [b"* 1 FETCH (FLAGS (\\Deleted \\Recent))"]
    assert await client.ok("SEARCH DELETED") == [b"* SEARCH 1"]
    assert await client.ok("EXPUNGE") == [b"* 1 EXPUNGE"]
    assert await client.ok("UID SEARCH ALL") == [b"* SEARCH 2 3"]


async def test_what_another_session_does_is_told(stage: Stage) -> None:
    one, two = await stage.selected(), await stage.selected()
    await one.append(letter_octets())
    assert await two.ok("NOOP") == [b"* 1 EXISTS", b"* 1 RECENT"]
    await one.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert (await two.ok("NOOP"))[0].startswith(b"* 1 FETCH (FLAGS (\\Deleted")
    await one.ok("EXPUNGE")
    assert await two.ok("SEARCH ALL") == [b"* SEARCH 1"]
    assert await two.ok("NOOP") == [b"* 1 EXPUNGE"]
    await two.send(b"i IDLE\r\n")
    assert (await two.response()).startswith(b"+ ")
    await one.append(letter_octets())
    assert await two.response() == b"* 1 EXISTS"


async def test_no_expunge_is_told_while_numbers_are_used(stage: Stage) -> None:
    stage.store.append(*[new()] * 6)
    client, other = await stage.selected(), await stage.selected()

    async def lose_one() -> None:
        await other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        await other.ok("EXPUNGE")

    for command in ("FETCH 2 UID", "STORE 2 +FLAGS.SILENT (\\Seen)", "SEARCH ALL", "UID SEARCH 2:3"):
        await lose_one()
        assert not [line for line in await client.ok(command) if line.endswith(b"EXPUNGE")]
        assert b"* 1 EXPUNGE" in await client.ok("NOOP")
    await lose_one()
    assert b"* 1 EXPUNGE" in await client.ok("UID SEARCH UID 1:9")
