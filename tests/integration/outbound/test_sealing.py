"""What comes from outside and is sent on bears our seal; what our users send does not need one."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.authentication.arc.chain import Status
from shared.contracts import dkim
from shared.contracts.dkim import Generate
from shared.protocols.dns import Answer
from shared.protocols.dns import Status as DnsStatus
from tests.support.authentication import chain
from tests.support.outbound_stage import OutboundStage, outbound_stage

ANN = "ann@elsewhere.example"
RESULTS = b"Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.mailfrom=x@far.example;\r\n\tdmarc=pass\r\n"
RECEIVED = b"Received: from far.example\r\n\tby mx.example.org\r\n"
LETTER = b"From: x@far.example\r\nTo: bob@example.org\r\nSubject: Hi\r\n\r\nHello.\r\n"


async def keys(stage: OutboundStage) -> dict[tuple[str, str], Answer]:
    """Keys of example.org, as the DNS tells them."""
    made = (await stage.storage.ask("admin", dkim.generate, Generate("example.org"))).keys
    return {
        (f"{key.selector}._domainkey.{key.domain}", "TXT"): Answer(DnsStatus.FOUND, texts=(key.record.encode(),))
        for key in made
    }


async def forwarded(stage: OutboundStage, octets: bytes) -> bytes:
    """What the next server got."""
    await stage.settled(await stage.send(ANN, octets=octets, sender="x@far.example"))
    return stage.sink.letters[-1].octets


@pytest.mark.parametrize("body", [b"Hello.\r\n", b"0123456789abcdef\r\n" * 20_000], ids=["small", "large"])
async def test_a_judged_letter_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        records = await keys(stage)
        head = RECEIVED + LETTER.partition(b"Hello")[0]
        sent = await forwarded(stage, RESULTS + head + body)
        assert sent.endswith(RESULTS + head + body)
        found = chain(sent, records)
        assert (found.status, found.sealers) == (Status.PASS, ("example.org",))
        assert b"ARC-Authentication-Results: i=1; mx.example.org;\r\n\tspf=pass" in sent
        again = await forwarded(
            stage, RESULTS.replace(b"dmarc", b"arc=pass;\r\n\tdmarc") + sent.replace(RESULTS, b"")
        )
        assert chain(again, records).sealers == ("example.org",) * 2
        assert chain(again, records).status is Status.PASS
        broken = sent.replace(RESULTS, b"").replace(b"Subject: Hi", b"Subject: Ha")
        failed = await forwarded(stage, RESULTS.replace(b"dmarc", b"arc=fail;\r\n\tdmarc") + broken)
        assert b"cv=fail" in failed


@pytest.mark.parametrize(
    "octets",
    [
        RECEIVED + LETTER,
        RECEIVED + RESULTS + LETTER,
        RESULTS.replace(b"mx.example.org", b"mx.far.example") + RECEIVED + LETTER,
    ],
    ids=["nobody judged", "a claim below our Received", "somebody else judged"],
)
async def test_others_leave_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, octets: bytes) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        await keys(stage)
        assert await forwarded(stage, octets) == octets


async def test_without_a_key_nothing_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        assert await forwarded(stage, RESULTS + RECEIVED + LETTER) == RESULTS + RECEIVED + LETTER
