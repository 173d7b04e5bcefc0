"""Messages that do not fit the bus: IMAP in front of a real storage and its data port."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from services.imap.config import ImapSettings
from shared.net import bulk as data_plane
from tests.support.running_storage import PASSWORD, running_storage
from tests.unit.services.imap.stage import Client, Front

LINE = b"0123456789" * 7 + b"\r\n"
PICTURE = bytes(range(256)) * 4_000
LARGE = b"Subject: large\r\n\r\n" + LINE * 10_000


@asynccontextmanager
async def large_stage(tmp_path: Path) -> AsyncIterator[Client]:
    """A client that has its INBOX selected."""
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts("bob@example.org")
        client = await Front(nursery, storage.bus("imap"), ImapSettings(), None).connect()
        await client.response()
        await client.ok(f'LOGIN bob@example.org "{PASSWORD}"')
        await client.ok("SELECT INBOX")
        yield client
        nursery.cancel_scope.cancel()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Octets of each piece that comes through the data plane."""
    sizes: list[int] = []
    fetch = data_plane.fetch

    async def counting(url: str, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        async for piece in fetch(url, offset, length):
            sizes.append(len(piece))
            yield piece

    monkeypatch.setattr(data_plane, "fetch", counting)
    return sizes


def body(response: bytes) -> bytes:
    """The one literal of a FETCH response."""
    head, _, rest = response.partition(b"}\r\n")
    return rest[: int(head.rpartition(b"{")[2])]


def nested(megabytes: int) -> bytes:
    """A small text, and a message with a large attachment."""
    attachment = LINE * (megabytes * 1_000_000 // len(LINE))
    inner = (
        b"Subject: inner\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\n%b\r\n--in--\r\n"
        % attachment
    )
    head = b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n\r\nwords\r\n--out\r\n"
    return head + b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--out--\r\n"


async def test_a_part_of_a_large_message_costs_what_is_asked_for(tmp_path: Path, read: list[int]) -> None:
    async with large_stage(tmp_path) as client:
        assert (await client.append(nested(25))).startswith(b"OK")
        (found,) = await client.ok("FETCH 1 BODY.PEEK[2.1]<0.100>")
        assert body(found) == (LINE * 2)[:100]
        (found,) = await client.ok("FETCH 1 BODY.PEEK[1]")
        assert body(found) == b"words"
        (found,) = await client.ok("FETCH 1 BODY.PEEK[2.HEADER.FIELDS (Subject)]")
        assert body(found) == b"Subject: inner\r\n\r\n"
        (found,) = await client.ok("FETCH 1 BODY.PEEK[2.1]<24000000.100>")
        assert len(body(found)) == 100
        assert sum(read) < 1_000
        (found,) = await client.ok("FETCH 1 BINARY.PEEK[2.1]<10.100>")
        assert body(found) == (LINE * 2)[10:110]
        assert sum(read) < 1_000_000


@pytest.mark.parametrize("sign", ["", "+"], ids=["waiting", "at once"])
async def test_a_large_binary_message_becomes_base64_and_comes_back(tmp_path: Path, sign: str) -> None:
    message = b"Content-Type: image/png\r\nContent-Transfer-Encoding: %b\r\n\r\n%b"
    binary = message % (b"binary", PICTURE)
    async with large_stage(tmp_path) as client:
        await client.send(b"a APPEND INBOX ~{%d%b}\r\n" % (len(binary), sign.encode()))
        if not sign:
            assert (await client.response()).startswith(b"+ ")
        await client.send(binary + b"\r\n")
        assert (await client.until(b"a"))[-1].startswith(b"a OK [APPENDUID ")
        (found,) = await client.ok("FETCH 1 BODY.PEEK[]")
        assert body(found) == message % (b"base64", encodebytes_of_lines(PICTURE))
        (found,) = await client.ok("FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])")
        assert b"BINARY.SIZE[1] %d BINARY[1] ~{%d}" % (len(PICTURE), len(PICTURE)) in found
        assert body(found) == PICTURE


def encodebytes_of_lines(octets: bytes) -> bytes:
    return encodebytes(octets).replace(b"\n", b"\r\n")


async def test_several_messages_are_there_all_or_none(tmp_path: Path) -> None:
    small = b"Subject: small\r\n\r\n"
    async with large_stage(tmp_path) as client:
        two = b"a APPEND INBOX {%d+}\r\n%b (\\Seen) {%d+}\r\n%b" % (len(small), small, len(LARGE), LARGE)
        await client.send(two + b" {0+}\r\n\r\n")
        assert (await client.until(b"a"))[-1].startswith(b"a NO [CANNOT] ")
        assert await client.ok("STATUS INBOX (MESSAGES)") == [b'* STATUS "INBOX" (MESSAGES 0)']
        await client.send(two.replace(b"a APP", b"b APP") + b" {%d+}\r\n%b\r\n" % (len(LARGE), LARGE))
        assert (await client.until(b"b"))[-1].partition(b"]")[0].endswith(b" 1:3")
        for number, octets in enumerate((small, LARGE, LARGE), 1):
            (found,) = await client.ok(f"FETCH {number} BODY.PEEK[]")
            assert body(found) == octets


async def test_a_client_that_waits_is_stopped_where_the_command_has_failed(tmp_path: Path) -> None:
    async with large_stage(tmp_path) as client:
        await client.send(b"a APPEND INBOX CATENATE (TEXT {%d+}\r\n%b URL ;UID=9 TEXT {5}\r\n" % (len(LARGE), LARGE))
        assert (await client.until(b"a"))[-1].startswith(b"a NO [BADURL ;UID=9]")
        await client.ok("NOOP")
        await client.send(b"b APPEND nowhere {%d}\r\n" % len(LARGE))
        assert (await client.until(b"b"))[-1].startswith(b"b NO [TRYCREATE]")


async def test_a_message_catenated_of_large_ones(tmp_path: Path) -> None:
    head = b"Subject: both\r\n\r\n"
    async with large_stage(tmp_path) as client:
        await client.append(LARGE)
        await client.ok(
            b'APPEND INBOX CATENATE (TEXT {%d+}\r\n%b URL "/INBOX/;UID=1/;section=TEXT" URL "/INBOX/;UID=1")'
            % (len(head), head)
        )
        (found,) = await client.ok("FETCH 2 BODY.PEEK[]")
        assert body(found) == head + LARGE.partition(b"\r\n\r\n")[2] + LARGE


async def test_a_large_message_takes_the_place_of_another(tmp_path: Path) -> None:
    async with large_stage(tmp_path) as client:
        await client.append(b"Subject: first\r\n\r\n")
        answers = await client.ask(b"UID REPLACE 1 INBOX (\\Draft) {%d+}\r\n%b" % (len(LARGE), LARGE))
        assert answers[-1].startswith(b"OK")
        assert b"* 1 EXPUNGE" in answers
        (found,) = await client.ok("FETCH 1 (UID BODY.PEEK[])")
        assert found.startswith(b"* 1 FETCH (UID 2 ")
        assert body(found) == LARGE
        await client.send(b"a UID REPLACE 1 INBOX {%d}\r\n" % len(LARGE))
        assert (await client.until(b"a"))[-1].startswith(b"a NO ")
        await client.send(b"b EXAMINE INBOX\r\nc REPLACE 1 INBOX {%d+}\r\n%b\r\n" % (len(LARGE), LARGE))
        assert (await client.until(b"c"))[-1].startswith(b"c NO [READ-ONLY]")


async def test_a_large_message_that_is_not_wanted_leaves_the_stream_in_order(tmp_path: Path) -> None:
    async with large_stage(tmp_path) as client:
        await client.append(b"Subject: first\r\n\r\n")
        await client.ok("ENABLE UIDONLY")
        for setting, command in (("NOOP", b"REPLACE 1"), ("UNSELECT", b"UID REPLACE 1"), ("NOOP", b"REPLACE 1")):
            await client.ok(setting)
            assert (await client.ask(b"%b INBOX {%d+}\r\n%b" % (command, len(LARGE), LARGE)))[-1].startswith(b"BAD")
            assert (await client.ask(b"%b INBOX {%d}" % (command, len(LARGE))))[-1].startswith(b"BAD")
        await client.ok("STATUS INBOX (MESSAGES)")


async def test_case_46_who_does_not_read_is_waited_for_all_the_way_back(tmp_path: Path, read: list[int]) -> None:
    async with large_stage(tmp_path) as client:
        message = nested(8)
        await client.append(message)
        await client.send(b"a FETCH 1 BODY.PEEK[]\r\n")
        seen = -1
        while seen < (seen := sum(read)) or not seen:  # noqa: ASYNC110 - until storage is asked for nothing more
            await trio.sleep(0.3)
        assert 0 < seen < 4_000_000
        answers = await client.until(b"a")
        assert answers[-1].startswith(b"a OK")
        assert message in answers[0]


async def test_many_messages_in_one_command_fit_one_question(tmp_path: Path) -> None:
    async with large_stage(tmp_path) as client:
        letter = b"Subject: %b %d\r\n\r\n"
        for count, answer in ((100, b"OK [APPENDUID "), (300, b"NO [LIMIT]")):
            letters = [letter % (b"w" * 1_500, number) for number in range(count)]
            command = b"".join(b" {%d+}\r\n%b" % (len(octets), octets) for octets in letters)
            assert (await client.ask(b"APPEND INBOX" + command))[-1].startswith(answer)
        assert (await client.ok("STATUS INBOX (MESSAGES)"))[-1] == b'* STATUS "INBOX" (MESSAGES 100)'
