"""What users send away has lines that other servers take (RFC 5322 section 2.1.1), and is signed as it leaves."""

from __future__ import annotations

from email import message_from_bytes
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.dkim.verify import Result
from shared.contracts.dkim import PrivateKey
from shared.mail.line_length import with_short_lines
from tests.support.authentication import key_record, private_key, verify
from tests.support.smtp_stage import DOMAIN, SmtpStage, smtp_stage

HEAD = b"From: alice@example.org\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n"
LONG = b"word " * 1_000
RECORDS = {(f"r._domainkey.{DOMAIN}", "TXT"): [key_record("rsa", private_key("rsa"))]}
HTML = b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"


def longest(octets: bytes) -> int:
    return max(map(len, octets.split(b"\r\n")))


async def sent(stage: SmtpStage, octets: bytes, recipient: str, pieces: int = 1) -> bytes:
    """What is stored of a submitted message that came in so many pieces."""
    stage.storage.keys = (PrivateKey("r", private_key("rsa"), int(time()) - 10, 0),)
    client = await stage.submit()
    await client.send(f"MAIL FROM:<alice@example.org>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
    await client.replies(3)
    size = len(octets) // pieces + 1
    for start in range(0, len(octets), size):
        await client.send(octets[start : start + size])
    assert (await client.ask(b".")).startswith("250 ")
    stored: bytes = stage.storage.letter.body.octets
    return stored


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("head", [HEAD, HEAD + HTML], ids=["bare", "html"])
async def test_long_lines_are_encoded_before_the_message_is_signed(head: bytes, pieces: int) -> None:
    octets = head + b"\r\nshort\r\n" + LONG + "Gr\u00fc\u00dfe\r\n".encode() * (head is not HEAD) + b"\r\n"
    async with smtp_stage() as stage:
        stored = await sent(stage, octets, "ann@elsewhere.example", pieces)
    assert longest(stored) <= 998
    assert message_from_bytes(stored).get_payload(decode=True) == octets.partition(b"\r\n\r\n")[2]
    (verdict,) = verify(stored, RECORDS, now=int(time()))
    assert verdict.result is Result.PASS


@pytest.mark.parametrize(
    ("octets", "recipient"),
    [
        (HEAD + b"\r\n" + LONG + b"\r\n", "bob@example.org"),
        (HEAD + b"\r\n" + b"x" * 998 + b"\r\n", "ann@elsewhere.example"),
        (
            HEAD + b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" + LONG + b"\r\n--b--\r\n",
            "a@far.example",
        ),
        (HEAD + b"DKIM-Signature: v=1\r\n\r\n" + LONG + b"\r\n", "a@far.example"),
    ],
    ids=["stays here", "fits", "signed parts", "signed"],
)
async def test_all_else_leaves_as_it_came(octets: bytes, recipient: str) -> None:
    async with smtp_stage() as stage:
        assert (await sent(stage, octets, recipient)).endswith(octets)


@given(st.lists(st.binary(max_size=3_000), max_size=5))
def test_any_octets_pass(pieces: list[bytes]) -> None:
    octets = HEAD + b"\r\n" + b"\r\n".join(pieces)
    assert with_short_lines(octets).startswith(HEAD)
