"""``eilpost user``: accounts. A password comes from a prompt, standard input or a file, never from an argument."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.admin.asking import EX_DATAERR, ask, configuration, fail, with_bus
from services.admin.options import Config, Json, PasswordFile, PasswordStdin, read_password
from services.admin.output import Row, moment, octets, print_rows
from shared.bus.client import Bus
from shared.contracts import directory

app = typer.Typer(help="Accounts: who receives mail here and may log in.", no_args_is_help=True)

IMPORT_BATCH = 50  # accounts a call: plain passwords cost some 26 ms of hashing each
Quota = Annotated[int | None, typer.Option(help="octets; 0 for none", show_default=False)]


@app.command()
def add(
    address: str,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    quota: Quota = None,
    config: Config = None,
) -> None:
    """Create the account ADDRESS."""
    secret = read_password(from_stdin=password_stdin, file=password_file, address=address)
    new = directory.AccountNew(address, secret, quota=quota or 0)
    reply = ask(configuration(config), directory.account_add, directory.AccountsNew((new,)))
    if error := reply.results[0].error:
        fail(f"{address}: {error}", EX_DATAERR)


@app.command()
def password(
    address: str, password_stdin: PasswordStdin = False, password_file: PasswordFile = None, config: Config = None
) -> None:
    """Set a new password; open sessions of ADDRESS end."""
    secret = read_password(from_stdin=password_stdin, file=password_file, address=address)
    ask(configuration(config), directory.account_set, directory.AccountSet(address, secret=secret))


@app.command(name="set")
def set_(
    address: str,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="may log in", show_default=False)] = None,
    quota: Quota = None,
    config: Config = None,
) -> None:
    """Enable or disable ADDRESS, or set its quota."""
    change = directory.AccountSet(address, enabled=enabled, quota=quota)
    ask(configuration(config), directory.account_set, change)


@app.command()
def remove(address: str, config: Config = None) -> None:
    """Delete the account ADDRESS and all its mail."""
    ask(configuration(config), directory.account_remove, directory.Name(address))


@app.command(name="list")
def list_(domain: str = typer.Argument(""), config: Config = None, as_json: Json = False) -> None:
    """All accounts, or those of one domain."""

    async def pages(bus: Bus) -> list[directory.Account]:
        accounts: list[directory.Account] = []
        after = ""
        while True:
            reply = await bus.call(directory.account_list, directory.AccountList(domain, after))
            accounts.extend(reply.accounts)
            if not (after := reply.next_after):
                return accounts

    found = with_bus(configuration(config), pages)
    rows: list[Row] = [account._asdict() for account in found]
    if not as_json:
        rows = [
            {**row, "octets": octets(a.octets), "created": moment(a.created)}
            for row, a in zip(rows, found, strict=True)
        ]
    print_rows(rows, ("address", "enabled", "messages", "octets", "quota", "created"), as_json=as_json)


@app.command(name="import")
def import_(file: Path, config: Config = None) -> None:
    """Create accounts from FILE: one ``address<TAB>password`` or ``address<TAB>{SCHEME}hash`` a line."""
    try:
        entries = list(read_entries(file.read_text()))
    except OSError as error:
        fail(f"{file}: {error.strerror}", EX_DATAERR)
    except ValueError as error:
        fail(f"{file}: {error}", EX_DATAERR)

    async def send(bus: Bus) -> list[directory.AccountResult]:
        results: list[directory.AccountResult] = []
        for start in range(0, len(entries), IMPORT_BATCH):
            batch = directory.AccountsNew(tuple(entries[start : start + IMPORT_BATCH]))
            results.extend((await bus.call(directory.account_add, batch)).results)
        return results

    results = with_bus(configuration(config), send)
    refused = [result for result in results if result.error]
    for result in refused:
        print(f"{result.address}: {result.error}", file=sys.stderr)
    print(f"{len(results) - len(refused)} created, {len(refused)} refused")
    if refused:
        raise SystemExit(EX_DATAERR)


def read_entries(text: str) -> Iterator[directory.AccountNew]:
    """The accounts of an import file; raises ValueError naming the line. Empty lines and ``#`` lines are skipped."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        address, tab, secret = line.partition("\t")
        if not tab or not address.strip() or not secret:
            raise ValueError(f"line {number}: address, a tab and a password or hash expected")
        hashed = secret.startswith("{") and "}" in secret
        yield directory.AccountNew(address.strip(), secret, hashed=hashed)
