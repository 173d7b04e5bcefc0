"""BODY=BINARYMIME (RFC 3030): by BDAT only, kept octet for octet; what users send away is 7-bit when it is signed."""

from __future__ import annotations

from time import time

import pytest

from shared.authentication.dkim.verify import Result
from shared.contracts.dkim import PrivateKey
from shared.mail.recoding import recoded
from tests.support.authentication import key_record, private_key, verify
from tests.support.smtp_stage import DOMAIN, SmtpStage, smtp_stage
from tests.support.survey import surveyed

NOISE = bytes(range(256)) + b"\n.\n\r.\r\n.\r\n\0"
HEAD = (
    b"From: alice@example.org\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: image/png\r\nContent-Transfer-Encoding: %b\r\n\r\n"
)
LETTER = HEAD % b"binary" + NOISE


async def handed_in(stage: SmtpStage, octets: bytes, *chunks: int) -> str:
    client = stage.connect()
    await client.greeted()
    await client.send(b"MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<bob@example.org>\r\n")
    assert [each[:3] for each in await client.replies(2)] == ["250", "250"]
    start = 0
    for size in chunks:
        await client.send(b"BDAT %d\r\n" % size + octets[start : start + size])
        assert (await client.reply()).startswith("250 ")
        start += size
    await client.send(b"BDAT %d LAST\r\n" % (len(octets) - start) + octets[start:])
    return await client.reply()


@pytest.mark.parametrize("chunks", [(), (1, len(HEAD), 7)], ids=["at once", "in chunks"])
async def test_binary_octets_are_stored_as_they_came(chunks: tuple[int, ...]) -> None:
    async with smtp_stage() as stage:
        assert (await handed_in(stage, LETTER, *chunks)).startswith("250 ")
        assert stage.storage.letter.body.octets.endswith(b"\r\n" + LETTER)


async def test_a_header_is_lines_in_any_message() -> None:
    async with smtp_stage() as stage:
        assert (
            await handed_in(stage, b"Subject: a\nX: y\r\n\r\n\0") == "554 5.6.0 Lone CR, lone LF or NUL in the header"
        )
        assert not stage.storage.letters


async def test_case_2_without_binarymime_lone_line_ends_are_refused_at_the_true_end() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        await client.send(b"MAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<bob@example.org>\r\n")
        await client.replies(2)
        await client.send(b"BDAT %d LAST\r\n" % len(LETTER) + LETTER + b"NOOP\r\n")
        assert [each[:9] for each in await client.replies(2)] == ["554 5.6.0", "250 2.0.0"]
        assert not stage.storage.letters


def rsa() -> tuple[PrivateKey, ...]:
    return (PrivateKey("r", private_key("rsa"), int(time()) - 10, 0),)


RECORDS = {(f"r._domainkey.{DOMAIN}", "TXT"): [key_record("rsa", private_key("rsa"))]}


@pytest.mark.parametrize("body", ["BINARYMIME", "8BITMIME"])
async def test_what_leaves_us_is_made_seven_bit_before_it_is_signed(body: str) -> None:
    octets = LETTER if body == "BINARYMIME" else HEAD % b"8bit" + "Grüße\r\n".encode()
    async with smtp_stage() as stage:
        stage.storage.keys = rsa()
        client = await stage.submit()
        await client.send(b"MAIL FROM:<alice@example.org> BODY=%b SIZE=%d\r\n" % (body.encode(), len(octets)))
        await client.send(b"RCPT TO:<ann@elsewhere.example>\r\n")
        await client.replies(2)
        await client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
        assert (await client.reply()).startswith("250 ")
        stored = stage.storage.letter.body.octets
        assert stored.isascii()
        assert stored.endswith(recoded(octets, surveyed(octets).seven_bit).partition(b"image/png")[2])
        (verdict,) = verify(stored, RECORDS, now=int(time()))
        assert verdict.result is Result.PASS


async def test_what_stays_here_is_kept_as_it_came() -> None:
    async with smtp_stage() as stage:
        stage.storage.keys = rsa()
        client = await stage.submit()
        await client.send(b"MAIL FROM:<alice@example.org> BODY=BINARYMIME SIZE=%d\r\n" % len(LETTER))
        await client.send(b"RCPT TO:<bob@example.org>\r\nBDAT %d LAST\r\n" % len(LETTER) + LETTER)
        assert [each[:3] for each in await client.replies(3)] == ["250"] * 3
        stored = stage.storage.letter.body.octets
        assert stored.endswith(LETTER)
        (verdict,) = verify(stored, RECORDS, now=int(time()))
        assert verdict.result is Result.PASS
