"""The DNS records that a domain's mail wants. Pure: names, ports and keys are arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from shared.contracts.dkim import Key

_LONGEST = 255  # octets of one string of a TXT record
SERVICES = {
    "_imaps._tcp": "imaps",
    "_imap._tcp": "imap",
    "_submissions._tcp": "submissions",
    "_submission._tcp": "submission",
    "_pop3s._tcp": "pop3s",
    "_pop3._tcp": "pop3",
    "_sieve._tcp": "managesieve",
}


class Line(NamedTuple):
    """One record. ``needed``: mail suffers without it; ``why`` says what it is for."""

    name: str
    kind: str
    value: str
    why: str
    needed: bool = False

    def __str__(self) -> str:
        return f"{self.name}. IN {self.kind} {self.value}"


class Facts(NamedTuple):
    """``ports`` by the names of listeners, 0 for those that are off; ``association`` is a TLSA value, "" for none."""

    domain: str
    hostname: str
    ports: Mapping[str, int]
    keys: Sequence[Key] = ()
    association: str = ""

    @property
    def policy(self) -> str:
        """The MTA-STS policy (RFC 8461 section 3.2), for somebody's web server."""
        return f"version: STSv1\nmode: enforce\nmx: {self.hostname}\nmax_age: 604800\n"


def zone(facts: Facts) -> Iterator[Line]:
    """The records of one domain, in the order in which somebody sets them up."""
    domain, host = facts.domain, facts.hostname
    yield Line(domain, "MX", f"10 {host}.", "where mail for the domain goes", needed=True)
    yield Line(domain, "TXT", txt("v=spf1 mx -all"), "who may send for the domain (SPF)", needed=True)
    if host != domain:
        yield Line(host, "TXT", txt("v=spf1 a -all"), "the same for our own name, which bounces go by (SPF)")
    for key in facts.keys:
        name = f"{key.selector}._domainkey.{domain}"
        yield Line(name, "TXT", txt(key.record), f"what our {key.algorithm} signatures are checked by", needed=True)
    reports = f"postmaster@{domain}"
    policy = f"v=DMARC1; p=quarantine; rua=mailto:{reports}"
    yield Line(f"_dmarc.{domain}", "TXT", txt(policy), "what others do with forged mail (DMARC)", needed=True)
    yield from _transport(facts, reports)
    yield from _discovery(facts)


def _transport(facts: Facts, reports: str) -> Iterator[Line]:
    domain, host = facts.domain, facts.hostname
    policy = txt(f"v=STSv1; id={sha256(facts.policy.encode()).hexdigest()[:16]}")
    why = f"others must use TLS to reach us, as https://mta-sts.{domain}/.well-known/mta-sts.txt says (MTA-STS)"
    yield Line(f"_mta-sts.{domain}", "TXT", policy, why)
    yield Line(f"mta-sts.{domain}", "CNAME", f"{host}.", "where the MTA-STS policy is served")
    yield Line(f"_smtp._tls.{domain}", "TXT", txt(f"v=TLSRPTv1; rua=mailto:{reports}"), "reports on TLS trouble")
    if facts.association:
        yield Line(f"_25._tcp.{host}", "TLSA", facts.association, "our certificate (DANE; the zone must be signed)")


def _discovery(facts: Facts) -> Iterator[Line]:
    domain, host = facts.domain, facts.hostname
    for name, listener in SERVICES.items():
        port = facts.ports.get(listener, 0)
        value = f"0 1 {port} {host}." if port else "0 0 0 ."
        yield Line(f"{name}.{domain}", "SRV", value, f"where clients find {listener}" if port else f"no {listener}")
    for name in ("autoconfig", "autodiscover"):
        yield Line(f"{name}.{domain}", "CNAME", f"{host}.", "where clients ask for settings")


def txt(text: str) -> str:
    """A TXT value as zone files write it, in strings of at most 255 octets."""
    pieces = [text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
