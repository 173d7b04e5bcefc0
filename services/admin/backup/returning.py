"""Messages of one account come back from a snapshot, into folders of its own beside what the account has now."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from services.admin.backup import tables
from services.admin.backup.catalogue import Catalogue
from services.admin.backup.folder import Damaged, Folder, Manifest
from services.admin.backup.restoring import MOST_OCTETS, check_tables, octets_of, read_content
from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.contracts import restore
from shared.contracts.backup import CONTENT, SYSTEM_FLAGS
from shared.contracts.messages import New
from shared.contracts.restore import File, Returned
from shared.mail.address import AddressError, canonical

FOLDER = "Restored"
MANY = 200  # messages of one call


class NotThere(Exception):
    """The snapshot has no such account or mailbox."""


class Wanted(NamedTuple):
    """A message that shall come back."""

    hash: bytes
    flags: tuple[str, ...]
    date: int
    prefix: bytes


class Back(NamedTuple):
    """How many messages came back into which mailbox, and how many could not."""

    mailbox: str
    messages: int
    lost: int


async def return_account(bus: Bus, folder: Folder, manifest: Manifest, address: str, mailbox: str) -> list[Back]:
    """Bring back an account's messages, or those of one mailbox, below ``Restored/<date of the snapshot>``.

    Raises `NotThere`, `Damaged`, and `Refused` as storage does.
    """
    check_tables(folder, manifest)
    wanted = _Selection(folder, manifest.id).of(address, mailbox)
    date = datetime.datetime.fromtimestamp(manifest.made).astimezone().strftime("%Y-%m-%d")
    catalogue = Catalogue(folder)
    try:
        return [
            await _return(bus, folder, catalogue, address, f"{FOLDER}/{date}/{name}", some)
            for name, some in wanted.items()
        ]
    finally:
        catalogue.close()


async def _return(
    bus: Bus, folder: Folder, catalogue: Catalogue, address: str, mailbox: str, wanted: list[Wanted]
) -> Back:
    some: list[Returned] = []
    octets = count = lost = 0
    for each in wanted:
        try:
            content = await read_content(bus, folder, catalogue, each.hash)
        except Damaged:
            lost += 1
            continue
        size = octets_of(content) + len(each.prefix)
        if some and (octets + size > MOST_OCTETS or len(some) == MANY):
            count += (await bus.call(restore.file, File(new_ulid(), address, mailbox, tuple(some)))).messages
            some, octets = [], 0
        some.append(Returned(New(content.body, content.summary, each.flags, each.date), each.prefix))
        octets += size
    if some:
        count += (await bus.call(restore.file, File(new_ulid(), address, mailbox, tuple(some)))).messages
    return Back(mailbox, count, lost)


class _Selection:
    """Finds messages in the tables of a snapshot."""

    def __init__(self, folder: Folder, snapshot: str) -> None:
        self._folder = folder
        self._snapshot = snapshot

    def of(self, address: str, mailbox: str) -> dict[str, list[Wanted]]:
        """The messages of an account by mailbox, in the order of their UIDs. Raises `NotThere`."""
        owner = self._account(address)
        names = {row["id"]: row["name"] for row in self._rows("mailbox") if row["account_id"] == owner}
        if mailbox:
            names = {number: name for number, name in names.items() if name.lower() == mailbox.lower()}
            if not names:
                raise NotThere(f"{address} had no mailbox {mailbox}")
        rows = [row for row in self._rows("message") if row["mailbox_id"] in names]
        contents = {row["content_id"] for row in rows}
        hashes = {row["id"]: row["hash"] for row in self._rows(CONTENT) if row["id"] in contents}
        sets = {row["id"]: tuple(row["flags"].split(" ")) for row in self._rows("flagset")}
        found: dict[str, list[Wanted]] = {}
        for row in rows:
            flags = sets.get(row["flagset_id"]) or _system_flags(row["flagset_id"])
            wanted = Wanted(hashes.get(row["content_id"], b""), flags, row["date"], row["prefix"])
            found.setdefault(names[row["mailbox_id"]], []).append(wanted)
        return found

    def _account(self, address: str) -> int:
        try:
            name = canonical(address)
        except AddressError as error:
            raise NotThere(f"{address}: {error}") from error
        for row in self._rows("account"):
            if row["address"] == name:
                number: int = row["id"]
                return number
        raise NotThere(f"the snapshot has no account {address}")

    def _rows(self, table: str) -> Iterator[dict[str, Any]]:
        path: Path = self._folder.table(self._snapshot, table)
        columns, rows = tables.read(path)
        for row in rows:
            yield dict(zip(columns, row, strict=True))


def _system_flags(number: int) -> tuple[str, ...]:
    return tuple(flag for bit, flag in enumerate(SYSTEM_FLAGS) if number >> bit & 1)
