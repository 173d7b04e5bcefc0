"""``eilpost sender``: who may send as whom."""

from __future__ import annotations

from pathlib import Path

import click

from services.admin import options
from services.admin.asking import ask, configuration
from services.admin.output import print_rows
from shared.contracts import directory


@click.group()
def sender() -> None:
    """Addresses that accounts may send as, beside their own."""


@sender.command()
@click.argument("address")
@click.argument("account")
@options.config
def add(address: str, account: str, config: Path | None) -> None:
    """Let ACCOUNT send as ADDRESS."""
    ask(configuration(config), directory.sender_add, directory.Sender(address, account))


@sender.command(name="list")
@click.argument("name", default="")
@options.config
@options.as_json
def list_(name: str, config: Path | None, as_json: bool) -> None:
    """Who may send as whom; of one address or account."""
    reply = ask(configuration(config), directory.sender_list, directory.Name(name))
    print_rows([found._asdict() for found in reply.senders], ("address", "account"), as_json=as_json)


@sender.command()
@click.argument("address")
@click.argument("account")
@options.config
def remove(address: str, account: str, config: Path | None) -> None:
    """Let ACCOUNT send as ADDRESS no longer."""
    ask(configuration(config), directory.sender_remove, directory.Sender(address, account))
