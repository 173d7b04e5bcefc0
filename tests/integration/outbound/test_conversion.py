"""Letters for servers that take less than they hold: converted part by part, or sent back with the right code."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.authentication.arc.chain import Status
from tests.integration.outbound.test_sealing import RECEIVED, RESULTS, keys
from tests.support.authentication import chain
from tests.support.outbound_stage import OutboundStage, outbound_stage
from tests.support.sink import OFFERED
from tests.unit.shared.mail.test_recoding import MIXED, NOISE, TEXT, leaves

ANN = "ann@elsewhere.example"
SEVEN = ("PIPELINING", "SIZE 50000000")
BINARY = (*OFFERED, "CHUNKING", "BINARYMIME")
LARGE = 200_000


def large(octets: bytes) -> bytes:
    """With a part that does not fit the bus."""
    return octets.replace(TEXT, TEXT * (1 + LARGE // len(TEXT))).replace(NOISE, NOISE * (1 + LARGE // len(NOISE)))


async def got(stage: OutboundStage, octets: bytes) -> tuple[str, bytes]:
    """The parameters of MAIL and the message that the next server got."""
    await stage.settled(await stage.send(ANN, octets=octets))
    letter = stage.sink.letters[-1]
    return letter.mail, letter.octets


@pytest.mark.parametrize("shape", [bytes, large], ids=["small", "large"])
async def test_a_letter_is_made_to_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: type[bytes]) -> None:
    octets = shape(MIXED)
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        for offered, word in ((SEVEN, ""), (OFFERED, "BODY=8BITMIME"), (BINARY, "BODY=BINARYMIME")):
            stage.sink.offered, whole = offered, offered is BINARY
            mail, sent = await got(stage, octets)
            assert ("BODY=" in mail) == bool(word)
            assert word in mail
            assert (sent == octets) == whole
            assert [body for _, body in leaves(sent)][:2] == [body for _, body in leaves(octets)][:2]
            if not whole:
                assert sent.count(b"\n") == sent.count(b"\r\n")
                assert b"\0" not in sent
                assert sent.isascii() == (offered is SEVEN)
            await stage.idle()


@pytest.mark.parametrize("shape", [bytes, large], ids=["small", "large"])
async def test_the_seal_is_made_over_what_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: type[bytes]
) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        records = await keys(stage)
        stage.sink.offered = SEVEN
        _, sent = await got(stage, RESULTS + RECEIVED + b"From: x@far.example\r\n" + shape(MIXED))
        assert sent.isascii()
        found = chain(sent, records)
        assert (found.status, found.sealers) == (Status.PASS, ("example.org",))


async def test_what_cannot_be_converted_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.offered = SEVEN
        octets = "Subject: Grüße\r\n\r\nHi\r\n".encode()
        raw = await stage.send(ANN, octets=octets)
        assert (await stage.settled(raw))[ANN].code == "5.6.3"
        international = await stage.send(ANN, octets=octets, smtputf8=True)
        assert (await stage.settled(international))[ANN].code == "5.6.9"
        assert not stage.sink.letters


async def test_case_3_only_lines_go_out_whatever_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        for octets in (b"Subject: a\r\n\r\na\n.\nb\r.\rc", b"X: a\nY: b\r\n\r\n\0\r", MIXED.replace(b"\r\n", b"\n")):
            for offered in (SEVEN, OFFERED, BINARY):
                stage.sink.offered = offered
                _, sent = await got(stage, octets)
                assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r")
                await stage.idle()
