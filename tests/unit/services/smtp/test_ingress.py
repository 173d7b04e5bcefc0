"""What strangers meet at the door: pauses, rates, lists, greylisting; and proxies that stand for them."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from services.smtp.ingress.rates import Rate, address_of, network_of
from services.smtp.ingress.settings import DnsList, Greylisting, IngressSettings
from services.smtp.judgement.settings import JudgementSettings
from shared.contracts.errors import Code
from shared.protocols.dns import TIMEOUT
from tests.support.smtp_stage import SmtpStage, smtp_stage

LISTED = {
    ("7.2.0.192.bad.example", "A"): ["127.0.0.2"],
    ("7.2.0.192.good.example", "A"): ["127.0.0.10"],
    ("7.2.0.192.closed.example", "A"): ["127.255.255.254"],  # it does not serve our nameserver, and says so
}


def ingress(**settings: object) -> IngressSettings:
    return IngressSettings(**settings)  # type: ignore[arg-type]


async def test_case_4_who_speaks_within_the_pause_is_sent_away(autojump_clock: MockClock) -> None:
    async with smtp_stage(ingress=ingress(greeting_pause=3.0)) as stage:
        client = stage.connect()
        await trio.sleep(1)
        await client.send(b"EHLO spam.example\r\n")
        assert (await client.reply()).startswith("554 5.5.0")
        assert await client.ends()
        patient = stage.connect()
        began = trio.current_time()
        assert "250" in await patient.greeted()
        assert trio.current_time() - began >= 3.0
        began = trio.current_time()
        await stage.connect(remote="127.0.0.1").greeted()
        assert trio.current_time() == began, "the house does not wait"


async def test_case_12_connections_in_a_minute_are_limited_for_address_and_network() -> None:
    async with smtp_stage(ingress=ingress(connections_per_minute=2, network_connections_per_minute=3)) as stage:
        for remote, wanted in (
            ("192.0.2.7", "220"), ("192.0.2.7", "220"), ("192.0.2.7", "421 4.7.0"), ("192.0.2.8", "421 4.7.0"),
            ("198.51.100.1", "220"), ("2001:db8::1", "220"), ("2001:db8::2", "220"), ("2001:db8::3", "421 4.7.0"),
            *[("127.0.0.1", "220")] * 5,
        ):  # fmt: skip
            assert (await stage.connect(remote=remote).reply()).startswith(wanted), remote


async def test_letters_in_a_minute_are_limited() -> None:
    async with smtp_stage(ingress=ingress(letters_per_minute=2)) as stage:
        client = stage.connect()
        await client.greeted()
        for wanted in ("250", "250", "450 4.7.1"):
            assert (await client.ask("MAIL FROM:<a@b.example>")).startswith(wanted)
            await client.ask("RSET")


@pytest.mark.parametrize(
    ("lists", "reply"),
    [
        ((DnsList("bad.example"),), "554 5.7.1 Your address is listed by bad.example"),
        ((DnsList("bad.example", answers=("127.0.0.3",)),), "250"),
        ((DnsList("bad.example", 0.5),), "250"),
        ((DnsList("bad.example", 2.0), DnsList("good.example", -1.5)), "250"),
        ((DnsList("good.example", 0.5), DnsList("bad.example", 0.5)), "554 5.7.1"),
        ((DnsList("unknown.example"),), "250"),
        ((DnsList("closed.example"),), "250"),
        ((DnsList("closed.example", answers=("127.255.255.254",)),), "554"),
    ],
)
async def test_lists_add_up(lists: tuple[DnsList, ...], reply: str) -> None:
    async with smtp_stage(ingress=ingress(lists=lists)) as stage:
        stage.dns.records = dict(LISTED)
        client = stage.connect()
        await client.greeted()
        assert (await client.ask("MAIL FROM:<a@b.example>")).startswith(reply)


async def test_a_silent_list_counts_for_nothing_and_ipv6_is_listed_by_nibbles() -> None:
    async with smtp_stage(ingress=ingress(lists=(DnsList("bad.example"),))) as stage:
        reverse = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.bad.example"
        stage.dns.records = {("7.2.0.192.bad.example", "A"): TIMEOUT, (reverse, "A"): ["127.0.0.2"]}
        for remote, reply in (("192.0.2.7", "250"), ("2001:db8::1", "554")):
            client = stage.connect(remote=remote)
            await client.greeted()
            assert (await client.ask("MAIL FROM:<a@b.example>")).startswith(reply)


async def test_who_is_turned_away_stands_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ingress(lists=(DnsList("bad.example"),), connections_per_minute=1)
    async with smtp_stage(ingress=settings) as stage:
        stage.dns.records = dict(LISTED)
        client = stage.connect()
        await client.greeted("mx.spam.example")
        await client.ask("MAIL FROM:<a@b.example>")
        assert (await stage.connect().reply()).startswith("421 4.7.0")
    listed, too_many = [line for line in capsys.readouterr().out.splitlines() if "smtp.refused" in line]
    for word in (
        "code=554",
        "helo=mx.spam.example",
        "remote_ip=192.0.2.7",
        "sender=a@b.example",
        "listed by bad.example",
    ):
        assert word in listed
    assert "code=421" in too_many


async def rcpt(stage: SmtpStage, remote: str = "192.0.2.7") -> list[str]:
    client = stage.connect(remote=remote)
    await client.greeted()
    await client.send(
        b"MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<nobody@example.org>\r\n"
        b"RCPT TO:<bob@example.org>\r\n"
    )
    return [reply[:9] for reply in (await client.replies(4))[1:]]


async def test_newcomers_are_greylisted_recipient_by_recipient() -> None:
    async with smtp_stage(ingress=ingress(greylisting=Greylisting(enabled=True))) as stage:
        stage.storage.waits = (0, 250)
        assert await rcpt(stage) == ["250 2.1.5", "550 5.1.1", "451 4.7.1"]
        assert await rcpt(stage, "127.0.0.1") == ["250 2.1.5", "550 5.1.1", "250 2.1.5"]
        stage.storage.instead["greylist.check"] = Code.UNAVAILABLE
        assert await rcpt(stage) == ["451 4.3.0", "550 5.1.1", "451 4.3.0"]


async def test_nobody_is_greylisted_by_default() -> None:
    async with smtp_stage() as stage:
        await rcpt(stage)
        assert "greylist.check" not in stage.storage.calls


async def test_a_proxy_says_whom_it_stands_for() -> None:
    settings = ingress(xclient_networks=("127.0.0.1/32",), lists=(DnsList("bad.example"),))
    async with smtp_stage(ingress=settings, judgement=JudgementSettings(spf_fail="reject")) as stage:
        stage.dns.records = {**LISTED, ("b.example", "TXT"): ["v=spf1 ip4:198.51.100.1 -all"]}
        client = stage.connect(remote="127.0.0.1")
        assert "XCLIENT NAME ADDR PORT PROTO HELO" in await client.greeted("proxy.example")
        assert (await client.ask("MAIL FROM:<a@b.example>")).startswith("250")
        assert (await client.ask("XCLIENT ADDR=192.0.2.7")).startswith("503 5.5.1")
        await client.ask("RSET")
        assert (await client.ask("XCLIENT ADDR=192.0.2.7 PORT=99 NAME=[UNAVAILABLE]")).startswith(
            "220 mx.example.org"
        )
        assert (await client.ask("MAIL FROM:<a@b.example>")).startswith("503"), "it has not said EHLO again"
        await client.ask("EHLO client.example")
        assert (await client.ask("MAIL FROM:<a@b.example>")).startswith("554 5.7.1")
        said = await client.ask("XCLIENT ADDR=198.51.100.1 HELO=mail.b.example PROTO=ESMTP")
        assert said.startswith("220 ")
        await client.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
        assert [reply[:3] for reply in await client.replies(3)] == ["250", "250", "354"]
        assert (await client.ask(b"From: a@b.example\r\n\r\n.")).startswith("250 ")
        letter = stage.storage.letter
        assert (letter.client, letter.helo) == ("198.51.100.1", "mail.b.example")
        assert b"Received: from mail.b.example ([198.51.100.1])" in letter.body.octets
        assert b"spf=pass" in letter.body.octets


async def test_a_proxy_makes_nobody_local() -> None:
    async with smtp_stage(ingress=ingress(xclient_networks=("127.0.0.1/32",))) as stage:
        client = stage.connect("submission", "127.0.0.1")
        assert "AUTH" in await client.greeted()
        await client.ask("XCLIENT ADDR=IPV6:2001:db8::1")
        assert "AUTH" not in await client.ask("EHLO client.example"), "no password in clear from outside"


async def test_others_may_not_say_so() -> None:
    async with smtp_stage(ingress=ingress(xclient_networks=("203.0.113.0/24",))) as stage:
        client = stage.connect(remote="127.0.0.1")
        assert "XCLIENT" not in await client.greeted()
        assert (await client.ask("XCLIENT ADDR=192.0.2.7")).startswith("550 5.7.0")


def test_a_minute_begins_anew() -> None:
    rate = Rate(1)
    assert [rate.take("a", now) for now in (0.0, 1.0, 59.9, 60.0, 61.0)] == [True, False, False, True, False]
    assert rate.take("b", 61.0)
    assert all(Rate(0).take("a", 0.0) for _ in range(10))


def test_who_is_one() -> None:
    assert network_of("192.0.2.77") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert address_of("2001:db8:1:2::3") == address_of("2001:db8:1:2:ffff::1")
    assert address_of("192.0.2.77") == "192.0.2.77"
