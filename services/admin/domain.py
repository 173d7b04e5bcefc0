"""``eilpost domain``: the domains that are ours."""

from __future__ import annotations

import typer

from services.admin.asking import ask, configuration
from services.admin.options import Config, Json
from services.admin.output import print_rows
from shared.contracts import directory

app = typer.Typer(help="The domains that mail is received for.", no_args_is_help=True)


@app.command()
def add(domain: str, catch_all: str = "", config: Config = None) -> None:
    """Receive mail for DOMAIN. --catch-all ADDRESS gets what nobody else there does."""
    ask(configuration(config), directory.domain_add, directory.DomainSet(domain, catch_all))


@app.command(name="set")
def set_(domain: str, catch_all: str = "", config: Config = None) -> None:
    """Set or, with an empty one, remove the catch-all address of DOMAIN."""
    ask(configuration(config), directory.domain_set, directory.DomainSet(domain, catch_all))


@app.command(name="list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """All domains."""
    reply = ask(configuration(config), directory.domain_list, directory.Nothing())
    print_rows(
        [domain._asdict() for domain in reply.domains], ("name", "accounts", "aliases", "catch_all"), as_json=as_json
    )


@app.command()
def remove(domain: str, config: Config = None) -> None:
    """Stop receiving mail for DOMAIN; refused while it has accounts."""
    ask(configuration(config), directory.domain_remove, directory.Name(domain))
