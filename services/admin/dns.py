"""``eilpost dns``: the records that a domain wants, and what the DNS says of them."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import trio

from services.admin import options, postmaster
from services.admin.asking import EX_CONFIG, EX_UNAVAILABLE, ask, configuration, fail
from services.admin.config import MasterSettings
from services.admin.master.fleet import CheckFailed, make_plan
from services.admin.output import print_rows
from services.admin.zone import Facts, Line, zone
from services.admin.zone_check import Verdict, check
from shared.base.errors import ConfigurationError
from shared.base.settings import load
from shared.contracts import directory, dkim
from shared.mail.address import AddressError, canonical_domain
from shared.net.dns import Resolver
from shared.runtime.settings import Common, load_common

hostname_option = click.option("--hostname", default="", metavar="NAME", help="our name; that of [common] without it")
WIDTH = 60  # characters of a record in the table


def _facts(domain: str, hostname: str, config: Path | None) -> tuple[Facts, Common]:
    """What the records are made of: the configuration, and the keys of the running installation."""
    try:
        domain = canonical_domain(domain)
        common = load_common(config, os.environ)
        ports = trio.run(_ports, config) if config else {}
    except AddressError:
        fail(f"{domain!r} is not a domain", EX_CONFIG)
    except ConfigurationError as error:
        fail(str(error), EX_CONFIG)
    except CheckFailed as error:
        raise SystemExit(error.code) from error
    keys = ask(config, dkim.listing, dkim.ListRequest(domain)).keys
    host = hostname or common.hostname
    return Facts(domain, host, ports, keys, _association(common.tls.certificate)), common


async def _ports(config: Path) -> dict[str, int]:
    plan = await make_plan(config, load("master", MasterSettings, config, os.environ))
    return {address.name: address.port for group in plan.listeners.values() for address in group}


def _association(certificate: Path | None) -> str:
    """The TLSA value of our certificate: DANE-EE, its public key, SHA-256 (RFC 7671 section 5.1)."""
    if certificate is None:
        return ""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificate

    try:
        key = load_pem_x509_certificate(certificate.read_bytes()).public_key()
    except (OSError, ValueError) as error:
        fail(f"{certificate}: {error}", EX_CONFIG)
    return f"3 1 1 {sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"


@click.group()
def dns() -> None:
    """DNS records of our domains."""


@dns.command()
@click.argument("domain", metavar="DOMAIN")
@hostname_option
@options.config
@options.as_json
def show(domain: str, hostname: str, config: Path | None, as_json: bool) -> None:
    """The records that DOMAIN wants, as a fragment of its zone."""
    place = configuration(config)
    facts, _ = _facts(domain, hostname, place)
    lines = list(zone(facts))
    if as_json:
        print_rows([line._asdict() for line in lines], (), as_json=True)
        return
    print(f"; mail of {facts.domain}, served by {facts.hostname}")
    (found,) = ask(place, directory.resolve, directory.Resolve((postmaster.address(facts.domain),))).resolutions
    print(f"; {postmaster.told(found)}")
    if not facts.keys:
        print(f"; no DKIM keys yet: eilpost dkim generate {facts.domain}")
    for line in lines:
        print(f"; {line.why}\n{line}")
    print("; the MTA-STS policy:")
    print("\n".join([f";   {line}" for line in facts.policy.splitlines()]))


@dns.command(name="check")
@click.argument("domain", metavar="DOMAIN")
@hostname_option
@options.config
@options.as_json
def check_(domain: str, hostname: str, config: Path | None, as_json: bool) -> None:
    """Compare the records of DOMAIN with the DNS. Exit code 69 when one that mail needs is not right."""
    facts, common = _facts(domain, hostname, configuration(config))
    verdicts = trio.run(_check, Resolver(common.dns), facts)
    print_rows(
        [_row(verdict, whole=as_json) for verdict in verdicts], ("verdict", "name", "kind", "value"), as_json=as_json
    )
    if any(verdict.line.needed and not verdict.ok for verdict in verdicts):
        raise SystemExit(EX_UNAVAILABLE)


async def _check(resolver: Resolver, facts: Facts) -> list[Verdict]:
    return [verdict async for verdict in check(resolver, facts)]


def _row(verdict: Verdict, *, whole: bool) -> dict[str, Any]:
    line: Line = verdict.line
    value = line.value if whole or len(line.value) <= WIDTH else f"{line.value[:WIDTH]}…"
    mark = verdict.said if verdict.ok or line.needed else f"({verdict.said})"
    return {**line._asdict(), "value": value, "ok": verdict.ok, "verdict": mark}
