"""TLS on the way out: a courtesy without policy, enforced where DANE, MTA-STS, a route or the sender says so."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme

from services.delivery.outbound.config import RouteSettings
from shared.net.dns import Resolver
from shared.net.dns_settings import DnsSettings
from tests.support.dns import Nameserver, nameserver
from tests.support.outbound_stage import OutboundStage, outbound_stage
from tests.support.policy_server import policy_server
from tests.support.sink import Sink, sink

ANN = "ann@elsewhere.example"
MX = "mx.elsewhere.example"
STS = b"version: STSv1\r\nmode: enforce\r\nmx: *.elsewhere.example\r\nmax_age: 86400\r\n"


def zone() -> dict[str, dict[str, list[str]]]:
    return {
        "elsewhere.example": {"MX": ["10 mx.elsewhere.example."]},
        MX: {"A": ["127.0.0.1"]},
        "mta-sts.elsewhere.example": {"A": ["127.0.0.1"]},
    }


class Certificates:
    """An authority of the test's own, and servers' certificates by it."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def context(self, *names: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issued = self._authority.issue_cert(*names)
        issued.configure_cert(context)
        self.leaf = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
        return context


@asynccontextmanager
async def staged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext | None, names: Nameserver, **outbound: Any
) -> AsyncIterator[OutboundStage]:
    lookup = Resolver(DnsSettings(nameservers=(names.address,)))
    async with sink(context) as server:
        server.offered = (*server.offered, "REQUIRETLS")
        async with outbound_stage(
            folder, monkeypatch, lookup=lookup, server=server, smarthost=False, **{"mta_sts": False, **outbound}
        ) as stage:
            yield stage


def announce(names: Nameserver, server: Sink, record: str) -> None:
    """TLSA, and everything validated."""
    name = f"_{server.port}._tcp.{MX}"
    names.zone[name] = {"TLSA": [record]}
    names.secure.update({"elsewhere.example", MX, name})


async def test_tls_is_taken_where_it_is_offered_by_whomever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Certificates(tmp_path).context("another.example")
    async with nameserver(zone()) as names, staged(tmp_path, monkeypatch, context, names) as stage:
        await stage.settled(await stage.send(ANN))
        assert stage.sink.letters[0].tls


async def test_broken_tls_without_a_policy_goes_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate
    async with nameserver(zone()) as names, staged(tmp_path, monkeypatch, broken, names) as stage:
        await stage.settled(await stage.send(ANN))
        assert not stage.sink.letters[0].tls


async def test_dane_is_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    context = certificates.context("whatever.example")
    async with nameserver(zone()) as names, staged(tmp_path, monkeypatch, context, names) as stage:
        announce(names, stage.sink, f"3 0 1 {'00' * 32}")
        id = await stage.send(ANN)
        state = (await stage.tried(id))[ANN]
        assert (state.state, state.code) == ("ready", "4.7.5")
        assert "TLSA" in state.reason
        names.ttl = 0
    async with nameserver(zone()) as names, staged(tmp_path / "2", monkeypatch, context, names) as stage:
        announce(names, stage.sink, f"3 0 1 {hashlib.sha256(certificates.leaf).hexdigest()}")
        await stage.settled(await stage.send(ANN))
        assert stage.sink.letters[0].tls


async def test_dane_without_starttls_defers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with nameserver(zone()) as names, staged(tmp_path, monkeypatch, None, names) as stage:
        announce(names, stage.sink, f"3 1 1 {'00' * 32}")
        state = (await stage.tried(await stage.send(ANN)))[ANN]
        assert (state.state, state.code, state.reason) == ("ready", "4.7.5", "TLS is demanded, and not offered")
        assert not stage.sink.letters


async def test_tlsa_that_cannot_be_looked_up_defers_and_an_unsigned_one_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Certificates(tmp_path).context(MX)
    async with nameserver(zone()) as names, staged(tmp_path, monkeypatch, context, names) as stage:
        names.secure.update({"elsewhere.example", MX})
        names.behaviour[f"_{stage.sink.port}._tcp.{MX}"] = "failing"
        state = (await stage.tried(await stage.send(ANN)))[ANN]
        assert (state.state, state.code) == ("ready", "4.7.5")
    async with nameserver(zone()) as names, staged(tmp_path / "2", monkeypatch, context, names) as stage:
        announce(names, stage.sink, f"3 1 1 {'00' * 32}")
        names.secure.clear()
        await stage.settled(await stage.send(ANN))
        assert stage.sink.letters[0].tls


async def test_mta_sts_is_enforced_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    web = certificates.context("mta-sts.elsewhere.example")
    wrong, right = certificates.context("another.example"), certificates.context(MX)
    async with nameserver(zone()) as names, policy_server(web, STS) as policy:
        names.zone["_mta-sts.elsewhere.example"] = {"TXT": ['"v=STSv1; id=1;"']}
        options = {"mta_sts": True, "sts_port": policy.port, "authority": str(certificates.file)}
        async with staged(tmp_path, monkeypatch, wrong, names, **options) as stage:
            id = await stage.send(ANN)
            state = (await stage.tried(id))[ANN]
            assert (state.state, state.code) == ("ready", "4.7.5")
            stage.sink.context = right
            stage.clock.advance(301)
            await stage.settled(id)
            assert stage.sink.letters[0].tls
        assert policy.asked == 1
        policy.status = 404
        del names.zone["_mta-sts.elsewhere.example"]  # an attacker hides the record: the policy stays
        async with staged(tmp_path, monkeypatch, None, names, fresh=False, **options) as stage:
            state = (await stage.tried(await stage.send(ANN)))[ANN]
            assert (state.state, state.code, state.reason) == ("ready", "4.7.5", "TLS is demanded, and not offered")


async def test_mta_sts_shuns_hosts_that_it_does_not_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    web = certificates.context("mta-sts.elsewhere.example")
    text = STS.replace(b"*.elsewhere", b"mx2.elsewhere")
    async with nameserver(zone()) as names, policy_server(web, text) as policy:
        names.zone["_mta-sts.elsewhere.example"] = {"TXT": ['"v=STSv1; id=1;"']}
        options = {"mta_sts": True, "sts_port": policy.port, "authority": str(certificates.file)}
        async with staged(tmp_path, monkeypatch, certificates.context(MX), names, **options) as stage:
            state = (await stage.tried(await stage.send(ANN)))[ANN]
            assert (state.state, state.code) == ("ready", "4.7.5")
            assert "not in the MTA-STS policy" in state.reason


async def test_requiretls_goes_only_where_the_server_is_known_for_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = Certificates(tmp_path)
    context = certificates.context(MX)
    options = {"authority": str(certificates.file)}
    async with nameserver(zone()) as names, staged(tmp_path, monkeypatch, context, names, **options) as stage:
        state = (await stage.settled(await stage.send(ANN, require_tls=True)))[ANN]
        assert (state.state, state.code) == ("failed", "5.7.10")
        assert len(await stage.inbox(1)) == 1
    async with nameserver(zone()) as names, staged(tmp_path / "2", monkeypatch, context, names, **options) as stage:
        names.secure.update({"elsewhere.example", MX})
        await stage.settled(await stage.send(ANN, require_tls=True))
        assert stage.sink.letters[0].mail.endswith("REQUIRETLS")
    async with nameserver(zone()) as names, staged(tmp_path / "3", monkeypatch, context, names, **options) as stage:
        names.secure.update({"elsewhere.example", MX})
        stage.sink.offered = stage.sink.offered[:-1]
        state = (await stage.settled(await stage.send(ANN, require_tls=True)))[ANN]
        assert (state.state, state.code) == ("failed", "5.7.30")


async def test_case_23_route_with_login_sends_its_password_only_to_a_verified_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = Certificates(tmp_path)
    for number, (name, state_then) in enumerate(((MX, "done"), ("another.example", "ready"))):
        async with nameserver(zone()) as names, sink(certificates.context(name)) as server:
            server.offered = (*server.offered, "AUTH PLAIN")
            route = RouteSettings("*", MX, server.port, "verify", "us", "secret")
            lookup = Resolver(DnsSettings(nameservers=(names.address,)))
            async with outbound_stage(
                tmp_path / str(number),
                monkeypatch,
                lookup=lookup,
                server=server,
                routes=(route,),
                authority=str(certificates.file),
            ) as stage:
                state = (await stage.tried(await stage.send(ANN)))[ANN]
            assert state.state == state_then
            assert bool(server.logins) is (state_then == "done")


async def test_mx_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Preference, null MX, no MX, no domain, ourselves, and a DNS that fails."""
    world = {
        "order.example": {"MX": ["20 mx.elsewhere.example.", "10 dead.example."]},
        "dead.example": {"A": ["127.0.0.2"]},  # nobody listens there
        MX: {"A": ["127.0.0.1"]},
        "null.example": {"MX": ["0 ."]},
        "plain.example": {"A": ["127.0.0.1"]},
        "ours.example": {"MX": ["10 mx.example.org.", "20 mx.elsewhere.example."]},
    }
    async with nameserver(world) as names, staged(tmp_path, monkeypatch, None, names) as stage:
        names.behaviour["broken.example"] = "failing"
        expected = {
            "ann@order.example": ("done", "2.0.0"),
            "ann@null.example": ("failed", "5.1.10"),
            "ann@plain.example": ("done", "2.0.0"),
            "ann@nowhere.example": ("failed", "5.1.2"),
            "ann@ours.example": ("failed", "5.4.6"),
            "ann@broken.example": ("ready", "4.4.3"),
        }
        state = await stage.tried(await stage.send(*expected))
        assert {address: (each.state, each.code) for address, each in state.items()} == expected
        with trio.fail_after(5):
            while len(stage.sink.letters) < 2:
                await stage.sink.changed.wait()
