"""``eilpost backup`` and ``eilpost restore``."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import (
    EX_CANTCREAT,
    EX_DATAERR,
    EX_NOINPUT,
    EX_NOUSER,
    EX_USAGE,
    configuration,
    fail,
    with_bus,
)
from services.admin.backup.folder import Damaged, Folder, Manifest
from services.admin.backup.pruning import prune
from services.admin.backup.restoring import Restored, restore_all
from services.admin.backup.returning import Back, NotThere, return_account
from services.admin.backup.taking import Taken, take
from services.admin.output import Row, moment, octets, print_rows
from shared.base.errors import StartError
from shared.bus.client import Bus

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
COLUMNS = ("snapshot", "made", "accounts", "messages", "size", "missing", "schema", "program")


def described(manifest: Manifest, *, as_json: bool) -> Row:
    """A snapshot as a row."""
    return {
        "snapshot": manifest.id,
        "made": manifest.made if as_json else moment(manifest.made),
        "accounts": manifest.count("account"),
        "mailboxes": manifest.count("mailbox"),
        "messages": manifest.count("message"),
        "letters": manifest.count("letter"),
        "contents": manifest.contents,
        "size": manifest.octets if as_json else octets(manifest.octets),
        "missing": len(manifest.missing),
        "schema": manifest.schema,
        "program": manifest.program,
    }


@click.command()
@folder_argument
@click.option(
    "--keep", type=click.IntRange(min=1), default=7, show_default=True, metavar="N", help="how many snapshots stay"
)
@click.option("--list", "listing", is_flag=True, help="only say what DIR holds")
@options.config
@options.as_json
def backup(folder: Path, keep: int, listing: bool, config: Path | None, as_json: bool) -> None:
    """Copy everything, while the server runs.

    What the folder DIR has already is not copied again: each run adds a snapshot, and the oldest go. The copy holds
    all mail, password hashes and the server's keys: keep it as safe as the server. Exit code 1 when the server itself
    has lost some contents: all others are copied.
    """
    os.umask(0o077)
    copies = Folder(folder)
    if listing:
        print_rows([described(each, as_json=as_json) for each in _manifests(copies)], COLUMNS, as_json=as_json)
        return

    async def work(bus: Bus) -> Taken:
        return await take(bus, copies)

    began = time.monotonic()
    try:
        with copies.open_for_writing():
            taken = with_bus(configuration(config), work, account="backup")
            prune(copies, keep)
    except Damaged as error:
        fail(str(error), EX_DATAERR)
    except StartError as error:
        fail(str(error), 1)
    except OSError as error:
        fail(_described(error), EX_CANTCREAT)
    row = described(taken.manifest, as_json=as_json)
    if as_json:
        print(json.dumps({**row, "copied_contents": taken.contents, "copied_octets": taken.octets}, indent=2))
    else:
        print(
            f"snapshot {row['snapshot']}: {row['accounts']} accounts, {row['messages']} messages, {row['size']};"
            f" copied {taken.contents} contents, {octets(taken.octets)}, in {time.monotonic() - began:.1f} s"
        )
    if taken.manifest.missing:
        count = len(taken.manifest.missing)
        fail(f"{count} contents are missing or damaged on the server; see eilpost verify --deep", 1)


@click.command()
@folder_argument
@click.option("--snapshot", default="", metavar="ID", help="which one; without it the newest")
@click.option(
    "--account", default="", metavar="ADDRESS", help="only this account's mail, into an installation in use"
)
@click.option("--mailbox", default="", metavar="NAME", help="with --account: only this mailbox")
@click.option(
    "--keep-uidvalidity", is_flag=True, help="nobody was served after the backup: clients keep what they have"
)
@options.config
@options.as_json
def restore(
    folder: Path,
    snapshot: str,
    account: str,
    mailbox: str,
    keep_uidvalidity: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Put a backup back.

    What the folder DIR holds goes into an empty installation, which runs. Meanwhile nobody else is served. If it
    breaks off, run it again. What came after the backup is gone, and since clients may know of it, every mailbox gets
    a higher UIDVALIDITY: they fetch all of it again. After a move to another machine or database, where the backup is
    the last that happened, --keep-uidvalidity spares them that.

    With --account the installation need not be empty: the account's messages are added to it, in folders below
    "Restored", and nothing else is touched.
    """
    if mailbox and not account:
        fail("--mailbox goes with --account", EX_USAGE)
    if keep_uidvalidity and account:
        fail("--keep-uidvalidity goes without --account", EX_USAGE)
    copies = Folder(folder)
    manifest = _chosen(copies, snapshot)
    path = configuration(config)
    try:
        if account:
            _told_back(with_bus(path, lambda bus: return_account(bus, copies, manifest, account, mailbox)), as_json)
        else:
            everything = partial(restore_all, folder=copies, manifest=manifest, keep_uidvalidity=keep_uidvalidity)
            _told_restored(with_bus(path, everything), as_json)
    except NotThere as error:
        fail(str(error), EX_NOUSER)
    except Damaged as error:
        fail(str(error), EX_DATAERR)
    except OSError as error:
        fail(_described(error), EX_NOINPUT)


def _told_restored(restored: Restored, as_json: bool) -> None:
    row = described(restored.manifest, as_json=as_json)
    if as_json:
        print(json.dumps({**row, "lost": restored.lost}, indent=2))
    else:
        print(f"restored {row['accounts']} accounts, {row['messages']} messages, {row['size']}")
    if restored.lost:
        fail(
            f"{len(restored.lost)} contents are not in the backup, or damaged: a text stands in their place",
            EX_DATAERR,
        )


def _told_back(back: list[Back], as_json: bool) -> None:
    print_rows([each._asdict() for each in back], Back._fields, as_json=as_json)
    if lost := sum(each.lost for each in back):
        fail(f"{lost} messages are not in the backup, or damaged", EX_DATAERR)


def _manifests(copies: Folder) -> list[Manifest]:
    try:
        return [copies.manifest(snapshot) for snapshot in copies.snapshots()]
    except Damaged as error:
        fail(str(error), EX_DATAERR)


def _chosen(copies: Folder, snapshot: str) -> Manifest:
    whole = copies.snapshots()
    if not whole:
        fail(f"{copies.root} holds no whole backup", EX_NOINPUT)
    if snapshot and snapshot not in whole:
        fail(f"{copies.root} holds no snapshot {snapshot} (eilpost backup {copies.root} --list)", EX_NOINPUT)
    try:
        return copies.manifest(snapshot or whole[-1])
    except Damaged as error:
        fail(str(error), EX_DATAERR)


def _described(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
