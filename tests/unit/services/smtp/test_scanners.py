"""Rspamd and ClamAV as hooks of the judgement: what they say is done, trouble with them follows a setting."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from services.smtp.judgement import clamav, rspamd
from services.smtp.judgement.scanning import Envelope, Opinion, Scan
from services.smtp.judgement.settings import Action, ClamavSettings, JudgementSettings, RspamdSettings
from shared.contracts.blobs import INLINE
from shared.contracts.errors import Unavailable
from shared.protocols.errors import ProtocolError
from tests.support.smtp_stage import SmtpStage, smtp_stage

LETTER = b"From: a@foreign.example\r\nSubject: x\r\n\r\nHello.\r\n"
Serve = Callable[[trio.SocketStream], Awaitable[None]]


@asynccontextmanager
async def daemon(serve: Serve) -> AsyncIterator[str]:
    """Something that listens; its address."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield f"127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


class FakeClamd:
    """Finds malware where there is the word EICAR."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    async def __call__(self, stream: trio.SocketStream) -> None:
        buffer = bytearray()

        async def take(count: int) -> bytes:
            while len(buffer) < count:
                more = await stream.receive_some()
                if not more:
                    raise EOFError
                buffer.extend(more)
            octets = bytes(buffer[:count])
            del buffer[:count]
            return octets

        assert await take(10) == b"zINSTREAM\0"
        message = bytearray()
        try:
            while size := struct.unpack("!I", await take(4))[0]:
                message += await take(size)
        except EOFError:
            return
        self.seen.append(bytes(message))
        found = b"EICAR" in message
        await stream.send_all(b"stream: Eicar-Signature FOUND\0" if found else b"stream: OK\0")


class FakeRspamd:
    """Answers one request after another with ``answer``."""

    def __init__(self, answer: object, status: bytes = b"200 OK") -> None:
        self.body = json.dumps(answer).encode()
        self.status = status
        self.requests: list[bytes] = []

    async def __call__(self, stream: trio.SocketStream) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += await stream.receive_some()
        head, _, body = request.partition(b"\r\n\r\n")
        while b"Hello." not in body and not body.endswith(b"0\r\n\r\n"):
            body += await stream.receive_some()
        self.requests.append(head + b"\r\n\r\n" + body)
        reply = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (self.status, len(self.body), self.body)
        await stream.send_all(reply)
        await trio.sleep_forever()


async def silence(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def hand_in(stage: SmtpStage, letter: bytes = LETTER) -> str:
    client = stage.connect()
    await client.greeted()
    await client.send(b"MAIL FROM:<a@foreign.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
    await client.replies(3)
    return await client.ask(letter + b".")


def judging(**scanner: object) -> JudgementSettings:
    return JudgementSettings(**scanner)  # type: ignore[arg-type]


async def test_clean_and_infected() -> None:
    clamd = FakeClamd()
    async with (
        daemon(clamd) as address,
        smtp_stage(judgement=judging(clamav=ClamavSettings(address=address))) as stage,
    ):
        assert (await hand_in(stage)).startswith("250 ")
        assert clamd.seen == [LETTER]
        assert (await hand_in(stage, LETTER + b"EICAR\r\n")) == "550 5.7.1 Malware found in the message"
        assert len(stage.storage.letters) == 1


async def test_malware_may_go_to_junk() -> None:
    async with daemon(FakeClamd()) as address:
        settings = judging(clamav=ClamavSettings(address=address, found="quarantine"))
        async with smtp_stage(judgement=settings) as stage:
            assert (await hand_in(stage, LETTER + b"EICAR\r\n")).startswith("250 ")
            assert stage.storage.letter.junk


async def scan(address: str, pieces: list[bytes], largest: int) -> Opinion:
    scanner = clamav.Clamav(ClamavSettings(address=address, largest=largest))
    scanning = Scan(scanner, Envelope("192.0.2.7", "h", "a@b.example", ("bob@example.org",), "L"))
    for piece in pieces:
        await scanning.see(piece)
    return await scanning.opinion()


async def test_a_large_message_is_handed_on_as_it_comes_and_too_large_a_one_is_not() -> None:
    clamd = FakeClamd()
    pieces = [LETTER, *[b"x" * 65_536] * 8, b"EICAR"]
    async with daemon(clamd) as address:
        assert (await scan(address, pieces, 4 * INLINE)).word == "found Eicar-Signature"
        assert clamd.seen == [b"".join(pieces)]
        assert (await scan(address, pieces, INLINE + 100_000)) == Opinion(Action.ACCEPT, "too large")
        assert len(clamd.seen) == 1


@pytest.mark.parametrize(
    ("action", "reply", "junk"),
    [
        ("no action", "250 2.0.0", False),
        ("add header", "250 2.0.0", True),
        ("rewrite subject", "250 2.0.0", True),
        ("soft reject", "451 4.7.1 Message content is not acceptable", False),
        ("reject", "550 5.7.1 Message content is not acceptable", False),
        ("something new", "250 2.0.0", False),
    ],
)
async def test_rspamds_action_is_done(action: str, reply: str, junk: bool) -> None:
    fake = FakeRspamd({"action": action, "score": 7.5, "required_score": 15})
    async with daemon(fake) as address:
        settings = judging(rspamd=RspamdSettings(url=f"http://{address}", password="secret"))
        async with smtp_stage(judgement=settings) as stage:
            forged = b"X-Spam-Score: -100\r\n" + LETTER
            assert (await hand_in(stage, forged)).startswith(reply)
            (request,) = fake.requests
            for line in (b"POST /checkv2 ", b"Ip: 192.0.2.7", b"Rcpt: bob@example.org", b"Password: secret"):
                assert line in request
            assert request.endswith(LETTER)
            if reply.startswith("250"):
                stored = stage.storage.letter
                assert stored.junk is junk
                assert b"\r\nX-Spam-Score: 7.50\r\n" in stored.body.octets
                assert b"-100" not in stored.body.octets


@pytest.mark.parametrize(("trouble", "reply"), [("defer", "451 4.7.1"), ("accept", "250 2.0.0")])
@pytest.mark.parametrize("fault", ["nobody listens", "status", "nonsense", "silence"])
async def test_trouble_follows_the_setting(trouble: str, reply: str, fault: str) -> None:
    fakes: dict[str, Serve] = {
        "status": FakeRspamd({}, b"503 Busy"),
        "nonsense": FakeRspamd(["no", "answer"]),
        "silence": silence,
    }
    async with daemon(fakes.get(fault, silence)) as address:
        if fault == "nobody listens":
            address = "127.0.0.1:1"
        settings = judging(rspamd=RspamdSettings(url=f"http://{address}", timeout=0.3, trouble=trouble))
        async with smtp_stage(judgement=settings) as stage:
            assert (await hand_in(stage)).startswith(reply)


async def test_who_is_not_judged_is_not_scanned() -> None:
    settings = judging(clamav=ClamavSettings(address="127.0.0.1:1"), trusted_networks=("192.0.2.0/24",))
    async with smtp_stage(judgement=settings) as stage:
        assert (await hand_in(stage)).startswith("250 ")


@given(st.binary(max_size=100))
def test_any_answer_is_understood_or_refused(answer: bytes) -> None:
    for read in (rspamd.opinion, lambda octets: clamav.opinion(octets, Action.REJECT)):
        try:
            read(answer)
        except (ProtocolError, Unavailable):
            continue
