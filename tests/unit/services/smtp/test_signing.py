"""What our users submit leaves complete, without Bcc, and signed for the domain of its author."""

from __future__ import annotations

from time import time

import pytest

from shared.authentication.dkim.verify import Result
from shared.contracts import spool
from shared.contracts.dkim import PrivateKey
from shared.contracts.errors import Code
from tests.support.authentication import key_record, private_key, verify
from tests.support.smtp_stage import DOMAIN, SmtpStage, smtp_stage

LETTER = (
    b"Bcc: secret@example.net\r\nFrom: Alice <alice@example.org>\r\nTo: bob@example.org\r\nSubject: Hi\r\n"
    b"bcc:\r\n more@example.net\r\n\r\nHello  Bob. \r\n\r\n"
)
NOW = int(time())
PAIR = tuple(PrivateKey(kind[0], private_key(kind), NOW - 10, 0) for kind in ("rsa", "ed25519"))
RECORDS = {
    (f"{kind[0]}._domainkey.{DOMAIN}", "TXT"): [key_record(kind, private_key(kind))] for kind in ("rsa", "ed25519")
}


async def submit(stage: SmtpStage, letter: bytes = LETTER) -> str:
    client = await stage.submit()
    await client.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
    assert [reply[:3] for reply in await client.replies(3)] == ["250", "250", "354"]
    return await client.ask(letter + b".")


async def test_two_signatures_stand_in_front_and_hold() -> None:
    async with smtp_stage() as stage:
        stage.storage.keys = PAIR
        assert (await submit(stage)).startswith("250 ")
        stored = stage.storage.letter.body.octets
        assert stored.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")
        signed = stored[: stored.index(b"Received: ")].count(b"DKIM-Signature:")
        assert signed == 2
        verdicts = verify(stored, RECORDS, now=NOW)
        assert [(each.result, each.domain) for each in verdicts] == [(Result.PASS, DOMAIN)] * 2
        added = verify(b"Subject: Other\r\n" + stored, RECORDS, now=NOW)
        assert [each.result for each in added] == [Result.FAIL] * 2
        assert b" l=" not in stored


async def test_bcc_is_removed_and_missing_fields_are_added_before_signing() -> None:
    async with smtp_stage() as stage:
        stage.storage.keys = PAIR[:1]
        await submit(stage)
        stored = stage.storage.letter.body.octets
        assert b"bcc" not in stored.lower()
        assert b"secret@" not in stored
        assert b"more@" not in stored
        assert b"\r\nDate: " in stored
        assert b"\r\nMessage-ID: <" in stored
        for field in (b"\r\nDate: ", b"\r\nMessage-ID: "):
            changed = stored.replace(field, field + b"x", 1)
            assert verify(changed, RECORDS, now=NOW)[0].result is Result.FAIL


async def test_only_keys_whose_time_it_is_sign() -> None:
    async with smtp_stage() as stage:
        rsa, ed = PAIR
        stage.storage.keys = (
            rsa._replace(signs_until=NOW - 1),
            ed._replace(signs_from=NOW + 600),
            ed._replace(selector="e", signs_from=NOW - 600, signs_until=NOW + 600),
        )
        await submit(stage)
        (verdict,) = verify(stage.storage.letter.body.octets, RECORDS, now=NOW)
        assert (verdict.selector, verdict.result) == ("e", Result.PASS)


async def test_keys_are_asked_for_once() -> None:
    async with smtp_stage() as stage:
        stage.storage.keys = PAIR
        for _ in range(3):
            await submit(stage)
        assert stage.storage.calls.count("dkim.signing") == 1


async def test_a_domain_without_keys_sends_unsigned() -> None:
    async with smtp_stage() as stage:
        assert (await submit(stage)).startswith("250 ")
        assert stage.storage.letter.body.octets.startswith(b"Received: ")


async def test_no_keys_to_be_had_is_temporary_trouble() -> None:
    async with smtp_stage() as stage:
        stage.storage.instead["dkim.signing"] = Code.UNAVAILABLE
        assert (await submit(stage)).startswith("451 4.3.0")
        assert not stage.storage.letters


async def test_an_account_that_sent_too_much_is_told_to_wait() -> None:
    async with smtp_stage() as stage:
        stage.storage.instead[spool.accept.name] = Code.THROTTLED
        assert await submit(stage) == "452 4.7.0 Your account has sent too much for now, try again later"


@pytest.mark.parametrize("listener", ["smtp", "lmtp"])
async def test_what_others_hand_in_is_not_signed(listener: str) -> None:
    async with smtp_stage() as stage:
        stage.storage.keys = PAIR
        client = stage.connect(listener)
        await client.reply()
        await client.ask("LHLO x" if listener == "lmtp" else "EHLO x")
        await client.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
        await client.replies(3)
        await client.ask(LETTER + b".")
        stored = stage.storage.letter.body.octets
        assert b"DKIM-Signature" not in stored
        assert b"Bcc: secret" in stored, "a header is not ours to change"
        assert "dkim.signing" not in stage.storage.calls
