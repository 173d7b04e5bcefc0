"""What the DNS says in place of each record that a domain's mail wants."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from services.admin.zone import Facts, Line, txt, zone
from shared.authentication import iprev
from shared.authentication.dmarc.record import parse as parse_dmarc
from shared.authentication.spf.check import check_host
from shared.authentication.spf.record import is_record
from shared.net.dns import Resolver
from shared.protocols.dns import Answer, Question

OK = "ok"


class Verdict(NamedTuple):
    """``said`` is "ok", or what is wrong."""

    line: Line
    said: str

    @property
    def ok(self) -> bool:
        return self.said == OK


async def check(dns: Resolver, facts: Facts) -> AsyncIterator[Verdict]:
    """A verdict on each record, our host's addresses and their names first."""
    addresses = await host_addresses(dns, facts.hostname)
    for address in addresses or ("",):
        yield await _address(dns, facts.hostname, address)
    for line in zone(facts):
        answer = await dns.ask(Question(line.name, line.kind))
        if answer.failed:
            yield Verdict(line, "the DNS gave no answer")
        elif line.value.startswith('"v=spf1'):
            yield Verdict(line, await _spf(dns, line, answer, addresses))
        else:
            yield Verdict(line, _said(line, answer))


async def host_addresses(dns: Resolver, host: str) -> tuple[str, ...]:
    """All addresses of a name."""
    found = [await dns.ask(Question(host, kind)) for kind in ("A", "AAAA")]
    return tuple([address for answer in found for address in answer.addresses])


async def _address(dns: Resolver, host: str, address: str) -> Verdict:
    if not address:
        return Verdict(Line(host, "A", "(your address)", "where we are", needed=True), "missing")
    kind = "AAAA" if ipaddress.ip_address(address).version == 6 else "A"
    line = Line(host, kind, address, "where we are, and that the address leads back to the name")
    verdict = await dns.follow(iprev.check(address))
    if verdict.result is not iprev.Result.PASS:
        return Verdict(line, f"{address} has no name that leads back to it (PTR)")
    return Verdict(line, OK if verdict.name == host else f"{address} is called {verdict.name}")


async def _spf(dns: Resolver, line: Line, answer: Answer, addresses: Iterable[str]) -> str:
    records = [text for text in answer.texts if is_record(text)]
    if len(records) != 1:
        return f"{len(records)} SPF records" if records else "missing"
    for address in addresses:
        found = await dns.follow(check_host(address, line.name, f"postmaster@{line.name}", line.name))
        if found.result.value != "pass":
            return f"{found.result.value} for {address} ({found.why})"
    return OK


def _said(line: Line, answer: Answer) -> str:
    found = _values(line.kind, answer)
    if line.name.startswith("_dmarc."):
        return _dmarc(answer)
    if line.value in found:
        return OK
    if "._domainkey." in line.name and any(_key(text) == _key(line.value) for text in found):
        return OK
    return f"is {', '.join(found)}" if found else "missing"


def _dmarc(answer: Answer) -> str:
    records = [record for record in map(parse_dmarc, answer.texts) if record is not None]
    if len(records) != 1:
        return f"{len(records)} DMARC records" if records else "missing"
    return OK if records[0].policy in ("quarantine", "reject") else "p=none: forged mail is accepted"


def _key(text: str) -> str:
    """The key in a TXT value, however it is cut into strings."""
    return text.replace('" "', "").replace(" ", "").rpartition("p=")[2].strip('"')


def _values(kind: str, answer: Answer) -> list[str]:
    """Answers as zone files write them."""
    if kind == "MX":
        return [f"{preference} {host}." for preference, host in answer.exchanges]
    if kind == "SRV":
        return [f"{one.priority} {one.weight} {one.port} {one.host}." for one in answer.services]
    if kind == "TLSA":
        return [f"{one.usage} {one.selector} {one.matching} {one.data.hex()}" for one in answer.associations]
    if kind == "TXT":
        return [txt(text.decode("utf-8", "replace")) for text in answer.texts]
    return [f"{name}." for name in answer.names]
