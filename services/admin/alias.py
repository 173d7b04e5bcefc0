"""``eilpost alias``: addresses that end elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from services.admin import options
from services.admin.asking import ask, configuration
from services.admin.output import print_rows
from shared.contracts import directory


@click.group()
def alias() -> None:
    """Addresses that end in other addresses."""


@alias.command()
@click.argument("address")
@click.argument("targets", nargs=-1, required=True)
@options.config
def add(address: str, targets: tuple[str, ...], config: Path | None) -> None:
    """Let mail to ADDRESS go to TARGETS, here or elsewhere, and to no others that it went to before."""
    ask(configuration(config), directory.alias_add, directory.Alias(address, targets))


@alias.command(name="list")
@click.argument("domain", default="")
@options.config
@options.as_json
def list_(domain: str, config: Path | None, as_json: bool) -> None:
    """All aliases, or those of one domain."""
    reply = ask(configuration(config), directory.alias_list, directory.Name(domain))
    print_rows([found._asdict() for found in reply.aliases], ("address", "targets"), as_json=as_json)


@alias.command()
@click.argument("address")
@options.config
def remove(address: str, config: Path | None) -> None:
    """Forget the alias ADDRESS."""
    ask(configuration(config), directory.alias_remove, directory.Name(address))
