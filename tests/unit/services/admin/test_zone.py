"""The records of a domain: what is wanted, and what is said of a zone that holds them or does not."""

from __future__ import annotations

from services.admin.zone import Facts, txt, zone
from services.admin.zone_check import Verdict, check
from shared.contracts.dkim import Key
from shared.net.dns import Resolver
from shared.net.dns_settings import DnsSettings
from tests.support.authentication import key_record, private_key
from tests.support.dns import Zone, nameserver

PORTS = {"imaps": 993, "submissions": 465, "pop3": 0}
KEYS = [
    Key("example.org", f"202611{kind[0]}", kind, key_record(kind, private_key(kind)), 0, 0, 0)
    for kind in ("ed25519", "rsa")
]
FACTS = Facts("example.org", "mx.example.org", PORTS, KEYS, "3 1 1 " + "ab" * 32)


def as_zone(facts: Facts) -> Zone:
    records: Zone = {"mx.example.org": {"A": ["127.0.0.9"]}, "9.0.0.127.in-addr.arpa": {"PTR": ["mx.example.org."]}}
    for line in zone(facts):
        records.setdefault(line.name, {}).setdefault(line.kind, []).append(line.value)
    return records


async def verdicts(records: Zone) -> list[Verdict]:
    async with nameserver(records) as server:
        resolver = Resolver(DnsSettings(nameservers=(server.address,), timeout=1))
        return [verdict async for verdict in check(resolver, FACTS)]


async def test_a_zone_that_holds_what_we_print_is_right() -> None:
    found = await verdicts(as_zone(FACTS))
    assert len(found) == len(list(zone(FACTS))) + 1
    assert [verdict for verdict in found if not verdict.ok] == []


async def test_an_empty_zone_lacks_all() -> None:
    found = await verdicts({})
    assert {verdict.said for verdict in found} == {"missing"}


async def test_each_fault_is_named() -> None:
    records = as_zone(FACTS)
    records["example.org"]["MX"] = ["10 other.example.org."]
    records["example.org"]["TXT"] = ['"v=spf1 ip4:192.0.2.1 -all"']
    records["_dmarc.example.org"]["TXT"] = ['"v=DMARC1; p=none"']
    records["202611r._domainkey.example.org"]["TXT"] = ['"v=DKIM1; p="']
    records["9.0.0.127.in-addr.arpa"]["PTR"] = ["elsewhere.example.org."]
    faults = {verdict.line.name: verdict.said for verdict in await verdicts(records) if not verdict.ok}
    assert faults["_dmarc.example.org"] == "p=none: forged mail is accepted"
    assert faults["202611r._domainkey.example.org"] == 'is "v=DKIM1; p="'
    assert faults["mx.example.org"] == "127.0.0.9 has no name that leads back to it (PTR)"
    assert faults["example.org"] == "fail for 127.0.0.9 (all)"
    assert len(faults) == 4, "MX and SPF are two lines of one name"


async def test_a_key_may_be_cut_in_other_places() -> None:
    records = as_zone(FACTS)
    text = KEYS[1].record
    records["202611r._domainkey.example.org"]["TXT"] = [f'"{text[:100]}" "{text[100:300]}" "{text[300:]}"']
    assert all(verdict.ok for verdict in await verdicts(records))


def test_the_policy_of_mta_sts_has_the_id_that_the_dns_tells() -> None:
    lines = {line.name: line.value for line in zone(FACTS)}
    assert "mx: mx.example.org\n" in FACTS.policy
    assert lines["_mta-sts.example.org"].startswith('"v=STSv1; id=')
    moved = FACTS._replace(hostname="other.example.org")
    assert lines["_mta-sts.example.org"] not in [line.value for line in zone(moved)]


def test_what_is_off_is_said_to_be_off() -> None:
    lines = {line.name: line.value for line in zone(FACTS)}
    assert lines["_imaps._tcp.example.org"] == "0 1 993 mx.example.org."
    assert lines["_pop3._tcp.example.org"] == "0 0 0 ."


def test_long_texts_are_cut_into_strings() -> None:
    assert txt("x" * 300) == f'"{"x" * 255}" "{"x" * 45}"'
    assert txt('a"b\\') == '"a\\"b\\\\"'
