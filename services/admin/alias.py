"""``eilpost alias``: addresses that end elsewhere."""

from __future__ import annotations

import typer

from services.admin.asking import ask, configuration
from services.admin.options import Config, Json
from services.admin.output import print_rows
from shared.contracts import directory

app = typer.Typer(help="Addresses that end in other addresses.", no_args_is_help=True)


@app.command()
def add(address: str, targets: list[str], config: Config = None) -> None:
    """Let mail to ADDRESS go to TARGETS, here or elsewhere."""
    ask(configuration(config), directory.alias_add, directory.Alias(address, tuple(targets)))


@app.command(name="list")
def list_(domain: str = typer.Argument(""), config: Config = None, as_json: Json = False) -> None:
    """All aliases, or those of one domain."""
    reply = ask(configuration(config), directory.alias_list, directory.Name(domain))
    print_rows([alias._asdict() for alias in reply.aliases], ("address", "targets"), as_json=as_json)


@app.command()
def remove(address: str, config: Config = None) -> None:
    """Forget the alias ADDRESS."""
    ask(configuration(config), directory.alias_remove, directory.Name(address))
