"""``eilpost dkim``: the keys that sign what our users send."""

from __future__ import annotations

import time
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_NOUSER, ask, configuration, fail
from services.admin.output import moment, print_rows
from services.admin.zone import txt
from shared.contracts import dkim as contract
from shared.contracts.dkim import Key

DAY = 86_400
COLUMNS = ("domain", "selector", "algorithm", "state")


def state(key: Key, now: float) -> str:
    """What the key does now."""
    if key.signs_from > now:
        return f"signs from {moment(key.signs_from)}"
    if key.signs_until and key.signs_until <= now:
        return f"retired {moment(key.signs_until)}, keep the record a month"
    return f"signs until {moment(key.signs_until)}" if key.signs_until else "signs"


def show_keys(keys: tuple[Key, ...], *, as_json: bool) -> None:
    """The keys, and the records that the DNS must hold."""
    rows = [{**key._asdict(), "state": state(key, time.time()), "name": record_name(key)} for key in keys]
    print_rows(rows, COLUMNS, as_json=as_json)
    if not as_json:
        print()
        for key in keys:
            print(f"{record_name(key)}. IN TXT {txt(key.record)}")


def record_name(key: Key) -> str:
    """Where its record stands."""
    return f"{key.selector}._domainkey.{key.domain}"


@click.group()
def dkim() -> None:
    """Keys that sign mail of our domains."""


@dkim.command()
@click.argument("domain", metavar="DOMAIN")
@options.config
@options.as_json
def generate(domain: str, config: Path | None, as_json: bool) -> None:
    """Make the first keys of DOMAIN, RSA and Ed25519; they sign at once."""
    reply = ask(configuration(config), contract.generate, contract.Generate(domain))
    show_keys(reply.keys, as_json=as_json)


@dkim.command()
@click.argument("domain", metavar="DOMAIN")
@click.option("--after", default=2.0, show_default=True, metavar="DAYS", help="until the new keys sign")
@options.config
@options.as_json
def rotate(domain: str, after: float, config: Path | None, as_json: bool) -> None:
    """Make new keys of DOMAIN: publish their records now, they take over in a while."""
    request = contract.Generate(domain, rotate=True, after=int(after * DAY))
    show_keys(ask(configuration(config), contract.generate, request).keys, as_json=as_json)


@dkim.command()
@click.argument("domain", metavar="[DOMAIN]", default="")
@options.config
@options.as_json
def show(domain: str, config: Path | None, as_json: bool) -> None:
    """Keys and their DNS records."""
    keys = ask(configuration(config), contract.listing, contract.ListRequest(domain)).keys
    if domain and not keys:
        fail(f"{domain} has no keys (eilpost dkim generate {domain})", EX_NOUSER)
    show_keys(keys, as_json=as_json)
