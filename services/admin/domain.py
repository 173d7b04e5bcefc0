"""``eilpost domain``: the domains that are ours."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from services.admin import options, postmaster
from services.admin.asking import ask, configuration
from services.admin.output import print_rows
from shared.contracts import directory


@click.group()
def domain() -> None:
    """The domains that mail is received for."""


@domain.command()
@click.argument("name", metavar="DOMAIN")
@click.option("--catch-all", default="", metavar="ADDRESS", help="who gets what nobody else there does")
@options.config
def add(name: str, catch_all: str, config: Path | None) -> None:
    """Receive mail for DOMAIN."""
    place = configuration(config)
    ask(place, directory.domain_add, directory.DomainSet(name, catch_all))
    (found,) = ask(place, directory.resolve, directory.Resolve((postmaster.address(name),))).resolutions
    print(postmaster.told(found), file=sys.stderr)


@domain.command(name="set")
@click.argument("name", metavar="DOMAIN")
@click.option(
    "--catch-all", required=True, metavar="ADDRESS", help='who gets what nobody else there does; "" for no one'
)
@options.config
def set_(name: str, catch_all: str, config: Path | None) -> None:
    """Change the catch-all address of DOMAIN."""
    ask(configuration(config), directory.domain_set, directory.DomainSet(name, catch_all))


@domain.command(name="list")
@options.config
@options.as_json
def list_(config: Path | None, as_json: bool) -> None:
    """All domains."""
    reply = ask(configuration(config), directory.domain_list, directory.Nothing())
    rows = [found._asdict() for found in reply.domains]
    print_rows(rows, ("name", "accounts", "aliases", "catch_all"), as_json=as_json)


@domain.command()
@click.argument("name", metavar="DOMAIN")
@options.config
def remove(name: str, config: Path | None) -> None:
    """Stop receiving mail for DOMAIN; refused while it has accounts."""
    ask(configuration(config), directory.domain_remove, directory.Name(name))
