"""``eilpost user``: accounts. A password comes from a prompt, standard input or a file, never from an argument."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_DATAERR, EX_NOINPUT, EX_USAGE, ask, configuration, exit_code, fail, with_bus
from services.admin.options import read_password
from services.admin.output import Row, moment, octets, print_rows
from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.errors import Code

IMPORT_BATCH = 50  # accounts a call: plain passwords cost some 26 ms of hashing each
quota_option = click.option("--quota", type=options.Octets(), help="octets, as 500M or 2G; 0 for no limit")
message_quota_option = click.option("--message-quota", type=click.IntRange(min=0), help="messages; 0 for no limit")


@click.group()
def user() -> None:
    """Accounts: who receives mail here and may log in."""


@user.command()
@click.argument("address")
@options.password_stdin
@options.password_file
@quota_option
@message_quota_option
@options.config
def add(
    address: str,
    password_stdin: bool,
    password_file: Path | None,
    quota: int | None,
    message_quota: int | None,
    config: Path | None,
) -> None:
    """Create the account ADDRESS."""
    secret = read_password(from_stdin=password_stdin, file=password_file, address=address)
    new = directory.AccountNew(address, secret, quota=quota or 0, message_quota=message_quota or 0)
    reply = ask(configuration(config), directory.account_add, directory.AccountsNew((new,)))
    result = reply.results[0]
    if result.error:
        fail(f"{address}: {result.error}", exit_code(Code(result.code)))


@user.command()
@click.argument("address")
@options.password_stdin
@options.password_file
@click.option("--apop", is_flag=True, default=None, help="keep it, encrypted, so that POP3's APOP works")
@options.config
def password(
    address: str, password_stdin: bool, password_file: Path | None, apop: bool | None, config: Path | None
) -> None:
    """Set a new password; open sessions of ADDRESS end."""
    secret = read_password(from_stdin=password_stdin, file=password_file, address=address)
    ask(configuration(config), directory.account_set, directory.AccountSet(address, secret=secret, apop=apop))


@user.command(name="set")
@click.argument("address")
@click.option("--enable/--disable", "enabled", default=None, help="may log in")
@click.option("--no-apop", is_flag=True, help="forget the password that was kept for APOP")
@quota_option
@message_quota_option
@options.config
def set_(
    address: str,
    enabled: bool | None,
    no_apop: bool,
    quota: int | None,
    message_quota: int | None,
    config: Path | None,
) -> None:
    """Enable or disable ADDRESS, set its quotas, or take APOP from it."""
    if not no_apop and (enabled, quota, message_quota) == (None, None, None):
        fail("name what to set: --enable, --disable, --quota, --message-quota or --no-apop", EX_USAGE)
    change = directory.AccountSet(
        address, enabled=enabled, quota=quota, message_quota=message_quota, apop=False if no_apop else None
    )
    ask(configuration(config), directory.account_set, change)


@user.command()
@click.argument("address")
@options.config
def remove(address: str, config: Path | None) -> None:
    """Delete the account ADDRESS and all its mail."""
    ask(configuration(config), directory.account_remove, directory.Name(address))


@user.command(name="list")
@click.argument("domain", default="")
@options.config
@options.as_json
def list_(domain: str, config: Path | None, as_json: bool) -> None:
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
            {
                **account._asdict(),
                "octets": octets(account.octets),
                "quota": octets(account.quota) if account.quota else "none",
                "message_quota": account.message_quota or "none",
                "created": moment(account.created),
            }
            for account in found
        ]
    print_rows(
        rows, ("address", "enabled", "messages", "octets", "quota", "message_quota", "created"), as_json=as_json
    )


@user.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@options.config
def import_(file: Path, config: Path | None) -> None:
    """Create accounts from FILE: one address<TAB>password or address<TAB>{SCHEME}hash a line."""
    try:
        entries = list(read_entries(file.read_text()))
    except OSError as error:
        fail(f"{file}: {error.strerror}", EX_NOINPUT)
    except UnicodeDecodeError:
        fail(f"{file}: not UTF-8", EX_DATAERR)
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
    if foreign := sum(entry.hashed for entry in entries):
        print(
            f"{foreign} came with a hash: SCRAM works for each of them after a first login with the password itself"
        )
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
