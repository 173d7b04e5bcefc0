"""The resolver against a nameserver of our own on loopback."""

from __future__ import annotations

import socket

import pytest
import trio

from shared.net.dns import Resolver
from shared.net.dns_settings import DnsSettings
from shared.protocols.dns import Association, Exchange, Inquiry, Question, Status
from tests.support.dns import FAILING, SILENT, Nameserver, nameserver

ZONE = {
    "example.org": {
        "MX": ["10 mx1.example.org.", "20 mx2.example.org."],
        "A": ["192.0.2.1", "192.0.2.2"],
        "AAAA": ["2001:db8::1"],
        "TXT": ['"v=spf1 " "-all"'],
    },
    "null.example.org": {"MX": ["0 ."]},
    "www.example.org": {"CNAME": ["alias.example.org."]},
    "alias.example.org": {"CNAME": ["example.org."]},
    "_25._tcp.mx1.example.org": {"TLSA": ["3 1 1 " + "ab" * 32]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example.org."]},
    "big.example.org": {"TXT": [f'"{n:03} {"x" * 200}"' for n in range(20)]},
    "_imaps._tcp.example.org": {"SRV": ["0 1 993 imap.example.org."]},
}


def resolver(server: Nameserver, **settings: float) -> Resolver:
    return Resolver(DnsSettings(nameservers=(server.address,), **settings))  # type: ignore[arg-type]


async def test_each_type_is_read() -> None:
    async with nameserver(ZONE) as server:
        dns = resolver(server)
        assert set((await dns.ask(Question("example.org", "A"))).addresses) == {"192.0.2.1", "192.0.2.2"}
        assert (await dns.ask(Question("Example.ORG.", "AAAA"))).addresses == ("2001:db8::1",)
        assert (await dns.ask(Question("example.org", "TXT"))).texts == (b"v=spf1 -all",)
        exchanges = (await dns.ask(Question("example.org", "MX"))).exchanges
        assert sorted(exchanges) == [Exchange(10, "mx1.example.org"), Exchange(20, "mx2.example.org")]
        assert (await dns.ask(Question("null.example.org", "MX"))).exchanges == (Exchange(0, ""),)
        assert (await dns.ask(Question("1.2.0.192.in-addr.arpa", "PTR"))).names == ("mail.example.org",)
        found = await dns.ask(Question("_25._tcp.mx1.example.org", "TLSA"))
        assert found.associations == (Association(3, 1, 1, b"\xab" * 32),)
        (service,) = (await dns.ask(Question("_imaps._tcp.example.org", "SRV"))).services
        assert (service.port, service.host) == (993, "imap.example.org")


async def test_why_nothing_was_found_is_told() -> None:
    async with nameserver(ZONE) as server:
        server.behaviour["failing.example.org"] = FAILING
        dns = resolver(server)
        for name, status in (("nowhere", Status.NXDOMAIN), ("big", Status.NODATA), ("failing", Status.SERVFAIL)):
            assert (await dns.ask(Question(f"{name}.example.org", "MX"))).status is status


async def test_aliases_are_followed_and_named() -> None:
    async with nameserver(ZONE) as server:
        answer = await resolver(server).ask(Question("www.example.org", "A"))
        assert set(answer.addresses) == {"192.0.2.1", "192.0.2.2"}
        assert answer.canonical == "example.org"


async def test_long_answers_come_over_tcp() -> None:
    async with nameserver(ZONE) as server:
        answer = await resolver(server).ask(Question("big.example.org", "TXT"))
        assert len(answer.texts) == 20
        assert server.asked == [("big.example.org", "TXT")] * 2


async def test_only_names_that_can_be_are_asked() -> None:
    async with nameserver(ZONE) as server:
        dns = resolver(server)
        for name in ("", "a..b", "x" * 64 + ".org", ".".join(["x" * 60] * 5), "bücher.example", "a\x00b.example"):
            assert (await dns.ask(Question(name, "A"))).status is Status.NXDOMAIN
        assert server.asked == []


async def test_the_same_question_is_asked_once() -> None:
    async with nameserver(ZONE) as server:
        dns = resolver(server)
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(dns.ask, Question("example.org", "A"))
        await dns.ask(Question("example.org", "A"))
        assert server.asked == [("example.org", "A")]


async def test_answers_without_time_are_not_kept() -> None:
    async with nameserver(ZONE) as server:
        server.ttl = 0
        dns = resolver(server)
        await dns.ask(Question("example.org", "A"))
        await trio.sleep(0.01)
        await dns.ask(Question("example.org", "A"))
        assert len(server.asked) == 2


async def test_the_cache_is_bounded() -> None:
    async with nameserver(ZONE) as server:
        dns = resolver(server, cache=3)
        for number in range(10):
            await dns.ask(Question(f"n{number}.example.org", "A"))
        assert sum(dns.kept(Question(f"n{number}.example.org", "A")) is not None for number in range(10)) <= 3


async def test_a_waiter_takes_over_from_one_that_gave_up() -> None:
    async with nameserver(ZONE) as server:
        dns = resolver(server)
        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()

            async def give_up() -> None:
                with scope:
                    await dns.ask(Question("example.org", "A"))

            nursery.start_soon(give_up)
            await trio.lowlevel.checkpoint()
            nursery.start_soon(dns.ask, Question("example.org", "A"))
            await trio.lowlevel.checkpoint()
            scope.cancel()
        assert (await dns.ask(Question("example.org", "A"))).addresses


async def test_validated_answers_are_marked_if_the_server_is_ours() -> None:
    async with nameserver(ZONE) as server:
        server.secure.add("_25._tcp.mx1.example.org")
        dns = resolver(server)
        assert (await dns.ask(Question("_25._tcp.mx1.example.org", "TLSA"))).secure
        assert not (await dns.ask(Question("example.org", "MX"))).secure


def test_only_loopback_is_believed_unless_told_otherwise() -> None:
    servers = DnsSettings(nameservers=("127.0.0.1", "192.0.2.53", "[::1]:5353")).servers()
    assert [(server.trusted, server.port) for server in servers] == [(True, 53), (False, 53), (True, 5353)]
    assert DnsSettings(nameservers=("192.0.2.53",), trust_ad=True).servers()[0].trusted


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2.53:0", "192.0.2.53:70000", "[::1]:x"])
def test_bad_nameservers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"nameserver|port"):
        DnsSettings(nameservers=(text,))


async def test_silence_ends() -> None:
    async with nameserver(ZONE) as server:
        server.behaviour["silent.example.org"] = SILENT
        dns = resolver(server, timeout=0.05, patience=0.5)
        assert (await dns.ask(Question("silent.example.org", "A"))).status is Status.TIMEOUT
        assert len(server.asked) == 2


async def test_the_next_server_is_asked_and_remembered() -> None:
    with socket.socket() as dead:  # a port on which nobody listens
        dead.bind(("127.0.0.1", 0))
        async with nameserver(ZONE) as server:
            port = dead.getsockname()[1]
            dns = Resolver(DnsSettings(nameservers=(f"127.0.0.1:{port}", server.address), timeout=0.2))
            assert (await dns.ask(Question("example.org", "A"))).addresses
            began = trio.current_time()
            assert (await dns.ask(Question("example.org", "AAAA"))).addresses
            assert trio.current_time() - began < 0.15


async def test_pure_code_is_answered() -> None:
    def inquiry() -> Inquiry[list[str]]:
        first = yield Question("www.example.org", "A")
        second = yield Question("example.org", "AAAA")
        return sorted([*first.addresses, *second.addresses])

    async with nameserver(ZONE) as server:
        assert await resolver(server).follow(inquiry()) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]


async def test_answers_at_hand_need_no_time_and_others_are_waited_for_no_longer_than_allowed() -> None:
    heard: list[Status] = []

    def inquiry(*names: str) -> Inquiry[None]:
        for name in names:
            heard.append((yield Question(name, "A")).status)

    async with nameserver(ZONE) as server:
        server.behaviour["silent.example.org"] = SILENT
        dns = resolver(server)
        await dns.follow_within(inquiry("example.org", "nowhere.example.org"), 10.0)
        await dns.follow_within(inquiry("example.org", "nowhere.example.org"), 0.0)
        assert heard == 2 * [Status.FOUND, Status.NXDOMAIN]
        with trio.fail_after(5):
            await dns.follow_within(inquiry("example.org", "silent.example.org", "example.org"), 0.05)
        assert heard[4:] == [Status.FOUND]
