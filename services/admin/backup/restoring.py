"""A snapshot is put back into an empty installation: tables, contents, and the end, at which storage starts again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import trio

from services.admin.backup import packs, tables
from services.admin.backup.bodies import hash_of
from services.admin.backup.catalogue import Catalogue
from services.admin.backup.folder import Damaged, Folder, Manifest
from shared.bus.client import Bus
from shared.contracts import blobs, control, restore
from shared.contracts.backup import CONTENT, CONTENT_COLUMNS
from shared.contracts.blobs import Body, UploadRequest
from shared.contracts.restore import Begin, Clear, Content, Contents, Finish, Rows, Sequence
from shared.mail.lost import lost_message
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender

MOST_OCTETS = 400_000  # of one call, about
MOST_ROWS = 2_000
START = 60.0  # seconds that storage has to start again
PIECE = 256 * 1024


class Restored(NamedTuple):
    """What came back, and in place of which contents, by hash, a text stands that says so."""

    manifest: Manifest
    lost: tuple[str, ...]


def check_tables(folder: Folder, manifest: Manifest) -> None:
    """Raises `Damaged` unless all tables are what they were."""
    for name, copy in manifest.tables.items():
        tables.verify(folder.table(manifest.id, name), copy)


async def restore_all(bus: Bus, folder: Folder, manifest: Manifest, *, keep_uidvalidity: bool = False) -> Restored:
    """Put everything back; clients begin anew, unless UIDVALIDITY is kept. Raises `Refused` where it may not,
    `Damaged` before anything was touched."""
    await trio.to_thread.run_sync(check_tables, folder, manifest)
    restoration = (await bus.call(restore.begin, Begin(manifest.schema))).restoration
    while (await bus.call(restore.clear, Clear(restoration))).more:
        pass
    catalogue = Catalogue(folder)
    try:  # first, since other tables refer to them
        lost = await _send_contents(bus, restoration, folder, catalogue, manifest)
    finally:
        catalogue.close()
    for name in manifest.tables:
        if name != CONTENT:
            await _send_table(bus, restoration, name, folder.table(manifest.id, name))
    await _finish(bus, restoration, manifest, keep_uidvalidity)
    return Restored(manifest, tuple(lost))


async def _send_table(bus: Bus, restoration: str, name: str, path: Path) -> None:
    columns, rows = tables.read(path)
    for some in batches(rows):
        await bus.call(restore.rows, Rows(restoration, name, columns, tuple(map(tuple, some))))


def batches(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    """Rows in as many as one call takes."""
    some: list[list[Any]] = []
    octets = 0
    for row in rows:
        size = sum(len(value) if isinstance(value, bytes | str) else 8 for value in row)
        if some and (octets + size > MOST_OCTETS or len(some) == MOST_ROWS):
            yield some
            some, octets = [], 0
        some.append(row)
        octets += size
    if some:
        yield some


async def _send_contents(
    bus: Bus, restoration: str, folder: Folder, catalogue: Catalogue, manifest: Manifest
) -> list[str]:
    columns, rows = tables.read(folder.table(manifest.id, CONTENT))
    assert columns == CONTENT_COLUMNS
    lost: list[str] = []
    some: list[Content] = []
    octets = 0
    for number, hash, _, uses, created in rows:
        try:
            content = await read_content(bus, folder, catalogue, hash)
        except Damaged:
            lost.append(hash.hex())
            content = _replacement(hash)
        size = octets_of(content)
        if some and octets + size > MOST_OCTETS:
            await bus.call(restore.contents, Contents(restoration, tuple(some)))
            some, octets = [], 0
        some.append(content._replace(id=number, uses=uses, created=created))
        octets += size
    if some:
        await bus.call(restore.contents, Contents(restoration, tuple(some)))
    return lost


async def read_content(bus: Bus, folder: Folder, catalogue: Catalogue, hash: bytes) -> Content:
    """A content from the packs, its large body uploaded. Raises `Damaged` when it is not what it was."""
    place = catalogue.find(hash)
    if place is None:
        raise Damaged(f"content {hash.hex()} is not in the backup")
    record = packs.unpack(packs.read(folder.pack(place.pack), place.span), folder.body)
    if record.hash != hash:
        raise Damaged(f"another content stands where {hash.hex()} should")
    body = Body(record.octets)
    if record.large:
        body = Body(b"", await _upload(bus, folder.body(hash), hash))
    return Content(0, hash, 0, 0, body, record.summary)


def _replacement(hash: bytes) -> Content:
    octets = lost_message(hash)
    return Content(0, sha256(octets).digest(), 0, 0, Body(octets), summarise(octets))


def octets_of(content: Content) -> int:
    """About how many octets a content takes in a call."""
    return len(content.body.octets) + sum(len(field) for field in content.summary if isinstance(field, bytes | str))


async def _upload(bus: Bus, path: Path, hash: bytes) -> str:
    if await trio.to_thread.run_sync(hash_of, path) != hash:
        raise Damaged(f"{path} is not what it was")
    with path.open("rb") as file:
        ticket = await bus.call(blobs.upload, UploadRequest(os.fstat(file.fileno()).st_size))
        async with BulkSender(ticket.url) as sender:
            while piece := file.read(PIECE):
                await sender.send(piece)
            await sender.finish()
    return ticket.upload


async def _finish(bus: Bus, restoration: str, manifest: Manifest, keep_uidvalidity: bool) -> None:
    """End the restoration, and wait until storage serves again."""
    again = trio.Event()
    subscription = bus.subscribe(control.serving, lambda _: again.set())
    sequences = tuple(Sequence(table, last) for table, last in manifest.sequences.items())
    await bus.call(restore.finish, Finish(restoration, sequences, keep_uidvalidity))
    with trio.move_on_after(START):
        await again.wait()
    subscription.close()
    await bus.call(control.ping, control.Ping(), timeout=START)
