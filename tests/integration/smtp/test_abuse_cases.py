"""What an attacker meets: one test or more for each numbered abuse case of SMTP, TLS and AUTH."""

from __future__ import annotations

import ssl
import tracemalloc
from contextlib import suppress

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from services.smtp.config import SmtpSettings
from services.smtp.policy.header import check
from services.smtp.policy.verdict import Unacceptable
from tests.support.smtp_stage import Client, SmtpStage, client_context, plain, smtp_stage

ENDS = {
    "LF.LF": b"\n.\n",
    "CR.CR": b"\r.\r",
    "CR.LF": b"\r.\n",
    "LF.CR": b"\n.\r",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "NUL before": b"\r\n\0.\r\n",
    "NUL after": b"\r\n.\0\r\n",
}
SECOND = b"MAIL FROM:<evil@x>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\n\r\n.\r\n"


async def ready(stage: SmtpStage) -> Client:
    """A client whose transaction waits for DATA or BDAT."""
    client = stage.connect()
    await client.greeted()
    await client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\n")
    assert [each[:3] for each in await client.replies(2)] == ["250", "250"]
    return client


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_case_1_malformed_ends_of_data_smuggle_nothing(end: bytes) -> None:
    async with smtp_stage() as stage:
        client = await ready(stage)
        await client.ask("DATA")
        await client.send(b"Subject: first\r\n\r\ntext" + end + SECOND)
        assert (await client.reply()).startswith("521 5.5.2")
        assert await client.ends()
        assert not stage.storage.letters


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_case_2_the_same_octets_in_a_chunk_are_refused_and_framed_by_length(end: bytes) -> None:
    async with smtp_stage() as stage:
        client = await ready(stage)
        octets = b"Subject: first\r\n\r\ntext" + end + b"x" + SECOND
        await client.send(b"BDAT %d LAST\r\n%bNOOP\r\n" % (len(octets), octets))
        assert (await client.reply()).startswith("554 5.6.0")
        assert (await client.reply()).startswith("250 ")
        assert not stage.storage.letters


async def test_case_4_nobody_speaks_ahead_of_the_greeting_or_of_354() -> None:
    async with smtp_stage() as stage:
        client = stage.connect(first=b"EHLO early.example\r\n")
        assert (await client.reply()).startswith("554 5.5.0")
        assert await client.ends()
        client = stage.connect()
        await client.greeted()
        await client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\n\r\n.\r\n")
        assert [each[:3] for each in await client.replies(3)] == ["250", "250", "554"]
        assert await client.ends()
        assert not stage.storage.letters


async def test_case_5_an_endless_command_line_costs_no_memory() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        tracemalloc.start()
        for _ in range(300):
            await client.send(b"A" * 65_536)
        assert (await client.reply()).startswith("500 5.5.2")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.stop()
        await client.send(b"\r\n")
        for _ in range(2):
            await client.send(b"B" * 3000 + b"\r\n")
            assert (await client.reply()).startswith("500 5.5.2")
        assert await client.ends()


async def test_case_6_errors_slow_the_client_down_and_end_it(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        times, replies = [], []
        for _ in range(20):
            began = trio.current_time()
            replies.append((await client.ask("JUNK"))[:3])
            times.append(round(trio.current_time() - began))
        assert replies == ["500"] * 19 + ["421"]
        assert times[:9] == [0] * 9
        assert times[9:19] == [1] * 10
        assert await client.ends()
        client = stage.connect()
        await client.greeted()
        said = [(await client.ask("NOOP"))[:3] for _ in range(101)]
        assert said == ["250"] * 100 + ["421"]


@pytest.mark.parametrize(
    "line",
    [
        b"EHLO a\rb",
        b"EHLO a\nb",
        b"EHLO a\0b",
        b"EHLO x) (y",
        b'EHLO "x"',
        b"EHLO x;by=evil",
        b"EHLO x\tfrom y",
        b"MAIL FROM:<a@b\r>",
        b"MAIL FROM:<a@b\n>",
        b"MAIL FROM:<a\0@b>",
        b"MAIL FROM:<a@b>> x",
        b"MAIL FROM:<a@b>\x1b[0m",
        b"MAIL FROM:<a@b> ENVID=a+0D+0Ab",
        b"MAIL FROM:<a@b> AUTH=a+00@b",
        b"MAIL FROM:<a@b(c)>",
        b"MAIL FROM:<a@b.>",
        b"MAIL FROM:<a@b,c@d>",
        b"MAIL FROM:<\xff@b>",
    ],
)
async def test_case_7_tricks_in_arguments_are_syntax_errors(line: bytes) -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        assert (await client.ask(line))[:3] == "501"
        assert (await client.ask("NOOP"))[:3] == "250"


async def test_case_8_size_is_refused_early_when_announced_and_at_the_true_end_when_not() -> None:
    async with smtp_stage(message_limit=300_000) as stage:
        client = stage.connect()
        await client.greeted()
        assert (await client.ask("MAIL FROM:<a@b> SIZE=1000000000000")).startswith("552 5.3.4")
        await client.send(b"MAIL FROM:<a@b> SIZE=10\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
        await client.replies(3)
        tracemalloc.start()
        for _ in range(500):
            await client.send((b"x" * 98 + b"\r\n") * 300)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.stop()
        await client.send(b".\r\nNOOP\r\n")
        assert (await client.reply()).startswith("552 5.3.4")
        assert (await client.reply()).startswith("250 ")
        assert not stage.storage.letters


@pytest.mark.parametrize("command", [b"DATA\r\n", b"BDAT 100 LAST\r\n"])
async def test_case_9_a_connection_that_ends_in_a_message_leaves_nothing(command: bytes) -> None:
    async with smtp_stage() as stage:
        client = await ready(stage)
        await client.send(command)
        if command.startswith(b"DATA"):
            await client.reply()
        await client.send(b"Subject: half\r\n\r\nhal")
        assert isinstance(client.stream, trio.SocketStream)
        await client.stream.send_eof()
        assert await client.ends()
        assert stage.storage.calls == ["directory.resolve"]


async def test_case_10_plain_text_behind_the_end_of_tls_is_never_parsed() -> None:
    """RFC 8446 section 6.1: after close_notify nothing more belongs to the stream."""
    async with smtp_stage() as stage:
        client = stage.connect("submission")
        await client.greeted()
        assert (await client.ask("STARTTLS")).startswith("220 ")
        assert isinstance(client.stream, trio.SocketStream)
        tls = TlsByHand(client.stream)
        await tls.shake_hands()
        await tls.send(b"EHLO x\r\nAUTH PLAIN " + plain("alice") + b"\r\n")
        await tls.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nBDAT 200 LAST\r\n")
        await tls.send(b"Subject: half\r\n\r\nhal")
        while b"250 2.1.5 " not in tls.heard:
            await tls.receive()
        calls = list(stage.storage.calls)
        rest = b"x" * 200 + b"\r\nRSET\r\nVRFY somebody\r\n"
        await tls.end_and_go_on_in_clear(rest)
        with trio.fail_after(5):
            while await tls.receive():
                pass
        assert tls.heard.endswith(b"250 2.1.5 Ok\r\n") or b"421 " in tls.heard.rpartition(b"250 2.1.5 ")[2]
        assert b"252" not in tls.heard
        assert stage.storage.calls == calls
        assert not stage.storage.letters


class TlsByHand:
    """A client that says close_notify and then goes on talking."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_context().wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self.heard = b""

    async def shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._stream.receive_some())
            else:
                await self._flush()
                return

    async def send(self, octets: bytes) -> None:
        self._tls.write(octets)
        await self._flush()

    async def receive(self) -> bool:
        """Hear more; whether there was anything."""
        try:
            octets = await self._stream.receive_some()
        except trio.BrokenResourceError:
            return False
        self._incoming.write(octets)
        with suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while True:
                self.heard += self._tls.read()
        return bool(octets)

    async def end_and_go_on_in_clear(self, octets: bytes) -> None:
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        await self._stream.send_all(self._outgoing.read() + octets)

    async def _flush(self) -> None:
        await self._stream.send_all(self._outgoing.read())


async def test_case_11_drips_lose_their_place(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip, client)
            assert (await client.reply()).startswith("421 4.4.2")
            assert trio.current_time() - began <= 301
            nursery.cancel_scope.cancel()
        client = await ready(stage)
        await client.ask("DATA")
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip, client)
            assert (await client.reply()).startswith("421 4.4.2")
            assert trio.current_time() - began <= 60
            nursery.cancel_scope.cancel()
        assert not stage.storage.letters


async def drip(client: Client) -> None:
    with suppress(trio.BrokenResourceError):
        while True:
            await client.send(b"x")
            await trio.sleep(10)


async def test_case_11_a_login_has_five_minutes_whatever_else_is_said(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage() as stage:
        client = stage.connect("submission")
        await client.greeted()
        for _ in range(10):
            await trio.sleep(29)
            assert (await client.ask("NOOP"))[:3] == "250"
        assert (await client.reply()).startswith("421 4.4.2")
        assert trio.current_time() <= 301


async def test_case_13_too_many_recipients_and_harvesting(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage(recipients=5) as stage:
        stage.storage.accounts.update({f"u{number}@example.org": 100 + number for number in range(20)})
        client = stage.connect()
        await client.greeted()
        await client.ask("MAIL FROM:<a@b>")
        await client.send(b"".join(b"RCPT TO:<u%d@example.org>\r\n" % number for number in range(8)))
        assert [each[:9] for each in await client.replies(8)] == ["250 2.1.5"] * 5 + ["452 4.5.3"] * 3
        await client.send(b"".join(b"RCPT TO:<u%d@example.org>\r\n" % number for number in range(30)))
        assert [each[:3] for each in await client.replies(22)] == ["452"] * 21 + ["421"]
        assert await client.ends()
        client = stage.connect()
        await client.greeted()
        await client.ask("MAIL FROM:<a@b>")
        began = trio.current_time()
        await client.send(b"".join(b"RCPT TO:<n%d@example.org>\r\n" % number for number in range(25)))
        assert [each[:3] for each in await client.replies(20)] == ["550"] * 19 + ["421"]
        assert trio.current_time() - began >= 10
        assert await client.ends()


async def test_case_14_nobody_is_confirmed_or_denied() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        for verb in ("VRFY", "EXPN"):
            known, unknown = (
                await client.ask(f"{verb} bob@example.org"),
                await client.ask(f"{verb} nobody@example.org"),
            )
            assert known == unknown
            assert known[:3] == {"VRFY": "252", "EXPN": "502"}[verb]
        assert not stage.storage.calls


@pytest.mark.parametrize("sender", ["<>", "<bob@example.org>"])
@pytest.mark.parametrize(
    "target",
    [
        "<x@foreign.example>",
        "<x%foreign.example@example.org>",
        "<foreign.example!x@example.org>",
        "<@example.org:x@foreign.example>",
        '<"x@foreign.example"@example.org>',
        '<"x@foreign.example">',
        "<<x@foreign.example>>",
        "<x@[192.0.2.1]>",
        "<x@[IPv6:::1]>",
        "<x@foreign.example.>",
        "<x@foreign.example\0>",
        "<X@FOREIGN.EXAMPLE>",
        "<x@EXAMPLE.ORG.foreign.example>",
        "<x@foreign.example@example.org>",
        "<x>",
        "<x@foreign.example,bob@example.org>",
        "<x@example.org@foreign.example>",
    ],
)
async def test_case_15_no_relay(sender: str, target: str) -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        await client.ask(f"MAIL FROM:{sender}")
        assert (await client.ask(f"RCPT TO:{target}"))[:3] in ("550", "501")
        assert (await client.ask("DATA"))[:3] == "503"


async def test_case_16_unknown_and_full_are_refused_at_rcpt() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        await client.ask("MAIL FROM:<a@b>")
        assert (await client.ask("RCPT TO:<nobody@example.org>")).startswith("550 5.1.1")
        assert (await client.ask("RCPT TO:<carol@example.org>")).startswith("452 4.2.2")


async def test_case_18_fifty_hops_and_no_more() -> None:
    async with smtp_stage() as stage:
        for hops, expected in ((50, "250 2.0.0"), (51, "554 5.4.6")):
            client = await ready(stage)
            await client.ask("DATA")
            await client.send(b"rEceived: from x\r\n\tby y\r\n" * hops + b"\r\ntext\r\n.\r\n")
            assert (await client.reply()).startswith(expected)
        assert len(stage.storage.letters) == 1


async def test_case_20_users_send_as_themselves() -> None:
    async with smtp_stage() as stage:
        client = await stage.submit()
        assert (await client.ask("MAIL FROM:<bob@example.org>")).startswith("553 5.7.1")
        for header in (
            b"From: bob@example.org",
            b"From: Alice <bob@example.org>",
            b"From: alice@example.org, bob@example.org",
            b"From: alice@example.org\r\nFrom: bob@example.org",
            b"Subject: no From",
            b'From: "alice@example.org" <b@c>',
            b"From:",
            b"From: alice@example.org <bob@example.org>",
        ):
            await client.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<x@foreign.example>\r\nDATA\r\n")
            await client.replies(3)
            assert (await client.ask(header + b"\r\n\r\ntext\r\n.")).startswith("550 5.7.1")
        assert not stage.storage.letters
        await client.send(b"MAIL FROM:<Alice@example.org>\r\nRCPT TO:<x@foreign.example>\r\nDATA\r\n")
        await client.replies(3)
        assert (await client.ask(b"From: Alice <ALICE@example.org>\r\n\r\ntext\r\n.")).startswith("250 ")


@pytest.mark.parametrize("listener", ["smtp", "submission"])
async def test_case_22_nothing_sent_before_tls_survives_it(listener: str) -> None:
    async with smtp_stage() as stage:
        client = stage.connect(listener)
        await client.greeted()
        await client.send(b"STARTTLS\r\nNOOP\r\n")
        assert (await client.reply()).startswith("554 ")
        assert await client.ends()
        client = stage.connect(listener)
        await client.greeted()
        if listener == "smtp":
            await client.ask("MAIL FROM:<a@b>")
            assert (await client.ask("STARTTLS")).startswith("503 ")
            await client.ask("RSET")
        assert (await client.ask("STARTTLS")).startswith("220 ")
        await client.start_tls()
        assert (await client.ask("MAIL FROM:<a@b>")).startswith("503 ")
        assert (await client.ask("STARTTLS")).startswith("503 ")


async def test_case_23_no_password_travels_in_the_clear() -> None:
    async with smtp_stage(plaintext_on_loopback=False) as stage:
        for remote in ("192.0.2.7", "127.0.0.1"):
            client = stage.connect("submission", remote)
            assert "AUTH" not in await client.greeted()
            assert (await client.ask(b"AUTH PLAIN " + plain("alice"))).startswith("538 5.7.11")
        assert not stage.storage.calls


async def test_case_28_broken_sasl_hurts_only_itself() -> None:
    async with smtp_stage() as stage:
        client, other = stage.connect("submission", "127.0.0.1"), stage.connect("submission", "127.0.0.1")
        await client.greeted()
        await other.greeted()
        assert (await client.ask("AUTH PLAIN !!!!")).startswith("501 5.5.2")
        assert (await client.ask("AUTH PLAIN AGEAAGI=")).startswith("501 5.5.2")
        assert (await client.ask("AUTH CRAM-MD5")).startswith("504 ")
        assert await client.ask("AUTH PLAIN") == "334 "
        assert (await client.ask("*")).startswith("501 5.7.0")
        assert await client.ask("AUTH PLAIN") == "334 "
        await client.send(b"A" * 1_000_000 + b"\r\n")
        assert (await client.reply()).startswith("500 5.5.6")
        assert (await other.ask(b"AUTH PLAIN " + plain("bob"))).startswith("235 ")
        assert stage.storage.calls == ["directory.login"]


@given(header=st.binary(max_size=400))
def test_arbitrary_headers_are_judged_without_surprise(header: bytes) -> None:
    with suppress(Unacceptable):
        check(header, SmtpSettings(header_octets=200, header_field=50, header_lines=5))


async def test_case_13_who_learns_the_limit_by_meeting_it_is_served(autojump_clock: trio.testing.MockClock) -> None:
    """RFC 5321 section 4.5.3.1.10: what was taken is delivered, the rest is sent anew."""
    async with smtp_stage(recipients=30) as stage:
        names = [f"u{number}@example.org" for number in range(60)]
        stage.storage.accounts.update({name: number for number, name in enumerate(names, 100)})
        client = stage.connect()
        await client.greeted()
        began = trio.current_time()
        left = names
        while left:
            await client.ask("MAIL FROM:<a@b>")
            await client.send(b"".join(f"RCPT TO:<{name}>\r\n".encode() for name in left))
            replies = await client.replies(len(left))
            assert {each[:3] for each in replies[30:]} <= {"452"}
            left = left[30:]
            await client.ask("DATA")
            assert (await client.ask("Subject: x\r\n\r\n.")).startswith("250 ")
        assert trio.current_time() == began, "nobody is slowed down for it"
        assert sorted(one.address for each in stage.storage.letters.values() for one in each.recipients) == sorted(
            names
        )
