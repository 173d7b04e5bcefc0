"""``eilpost sieve`` for the scripts that accounts keep on the server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_USAGE, ask, configuration, fail
from services.admin.output import Row, moment, octets, print_rows
from services.admin.sieve import compile_file, file_argument, sieve
from shared.base.ids import new_ulid
from shared.contracts import sieve as contract

__all__ = ["sieve"]


@sieve.command()
@click.argument("address")
@click.argument("name")
@click.argument("script", type=file_argument)
@click.option("--activate", "active", is_flag=True, help="and let it be the one that runs")
@options.config
@options.as_json
def put(address: str, name: str, script: Path, active: bool, config: Path | None, as_json: bool) -> None:
    """Store the file SCRIPT as NAME for the account ADDRESS; it must compile."""
    compile_file(script, traced=False)
    text = script.read_bytes()
    path = configuration(config)
    ask(path, contract.put, contract.Put(new_ulid(), name, text, address=address))
    if active:
        ask(path, contract.activate, contract.Activate(new_ulid(), name, address=address))
    _done({"address": address, "name": name, "size": len(text), "activated": active}, as_json=as_json)


@sieve.command()
@click.argument("address")
@click.argument("name")
@options.config
@options.as_json
def get(address: str, name: str, config: Path | None, as_json: bool) -> None:
    """Print the script NAME of ADDRESS."""
    text = ask(configuration(config), contract.get, contract.Get(name, address=address)).octets
    if as_json:
        _done({"address": address, "name": name, "text": text.decode("utf-8", "replace")}, as_json=True)
    else:
        sys.stdout.buffer.write(text)


@sieve.command(name="list")
@click.argument("address")
@options.config
@options.as_json
def list_(address: str, config: Path | None, as_json: bool) -> None:
    """The scripts of ADDRESS."""
    found = ask(configuration(config), contract.listing, contract.ListRequest(address=address)).scripts
    rows: list[Row] = [script._asdict() for script in found]
    if not as_json:
        shown = [(octets(script.size), moment(script.modified)) for script in found]
        rows = [{**row, "size": size, "modified": at} for row, (size, at) in zip(rows, shown, strict=True)]
    print_rows(rows, ("name", "active", "size", "modified"), as_json=as_json)


@sieve.command()
@click.argument("address")
@click.argument("name", default="")
@click.option("--none", "nothing", is_flag=True, help="let no script be active")
@options.config
@options.as_json
def activate(address: str, name: str, nothing: bool, config: Path | None, as_json: bool) -> None:
    """Let the script NAME of ADDRESS be the one that runs."""
    if nothing is bool(name):
        fail("the name of a script, or --none", EX_USAGE)
    ask(configuration(config), contract.activate, contract.Activate(new_ulid(), name, address=address))
    _done({"address": address, "active": name}, as_json=as_json)


@sieve.command()
@click.argument("address")
@click.argument("name")
@options.config
@options.as_json
def delete(address: str, name: str, config: Path | None, as_json: bool) -> None:
    """Remove the script NAME of ADDRESS, unless it is active."""
    ask(configuration(config), contract.delete, contract.Delete(new_ulid(), name, address=address))
    _done({"address": address, "deleted": name}, as_json=as_json)


@sieve.command()
@click.argument("address")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="how many lines")
@options.config
@options.as_json
def log(address: str, limit: int, config: Path | None, as_json: bool) -> None:
    """What went wrong when scripts of ADDRESS ran, newest first."""
    found = ask(configuration(config), contract.log, contract.LogRequest(address, limit)).lines
    rows: list[Row] = [line._asdict() if as_json else {**line._asdict(), "at": moment(line.at)} for line in found]
    print_rows(rows, ("at", "letter", "text"), as_json=as_json)


def _done(what: Row, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(what, ensure_ascii=False))
