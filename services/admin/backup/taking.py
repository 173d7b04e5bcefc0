"""A backup is taken: tables first, as they are at one moment, then the contents that the folder lacks.

The lease keeps the server from collecting what the tables name. Contents are kept as they come, so that a backup that
was interrupted costs the next one only its tables.
"""

from __future__ import annotations

import time
from contextlib import aclosing, suppress
from hashlib import sha256
from typing import NamedTuple

import trio

from services.admin.backup import packs
from services.admin.backup.bodies import copy_body
from services.admin.backup.catalogue import Catalogue, Place
from services.admin.backup.folder import Damaged, Folder, Manifest
from services.admin.backup.packs import PackWriter, Record
from services.admin.backup.stream import SnapshotStream
from shared.base.ids import new_ulid
from shared.base.release import release
from shared.bus.client import Bus
from shared.contracts import backup
from shared.contracts.backup import CONTENT, Begin, Begun, Extend, StoredContent, Wanted
from shared.contracts.errors import Refused, Unavailable
from shared.net.bulk import fetch

LEASE = 600.0  # seconds
AT_ONCE = 400  # contents asked for in one call
PACK = 64 << 20  # octets after which a new pack is begun
LASTING = 16 << 20  # octets after which what has come is made to last


class Taken(NamedTuple):
    """A new snapshot, and what was copied for it."""

    manifest: Manifest
    contents: int
    octets: int


async def take(bus: Bus, folder: Folder) -> Taken:
    """A new snapshot in ``folder``, which is open for writing.

    Raises `Refused` and `Unavailable` as the server does, `Damaged` for an unusable catalogue, OSError.
    """
    begun = await bus.call(backup.begin, Begin(LEASE))
    catalogue = Catalogue(folder)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_keep_lease, bus, begun.lease)
            taken = await _Taking(bus, folder, begun, catalogue).run()
            nursery.cancel_scope.cancel()
    finally:
        catalogue.close()
        with trio.move_on_after(5, shield=True), suppress(Refused, Unavailable):
            await bus.call(backup.extend, Extend(begun.lease, 0))
    return taken


async def _keep_lease(bus: Bus, lease: str) -> None:
    """Until cancelled. Raises `Refused` once it is lost."""
    while True:
        await trio.sleep(LEASE / 6)
        with suppress(Unavailable):  # there is time to ask again
            await bus.call(backup.extend, Extend(lease, LEASE))


class _Taking:
    def __init__(self, bus: Bus, folder: Folder, begun: Begun, catalogue: Catalogue) -> None:
        self._bus = bus
        self._folder = folder
        self._begun = begun
        self._catalogue = catalogue
        self._id = new_ulid()
        self._pack: tuple[str, PackWriter] | None = None
        self._lasting = 0  # octets of the pack that outlive a loss of power
        self._contents = self._octets = 0
        self._missing: list[str] = []

    async def run(self) -> Taken:
        made = time.time()
        self._folder.begin(self._id)
        stream = SnapshotStream(self._folder, self._id, self._catalogue)
        async with aclosing(fetch(self._begun.url)) as pieces:
            await stream.read(pieces)
        self._catalogue.see(self._id)
        self._catalogue.commit()
        await self._fetch_contents()
        manifest = Manifest(
            id=self._id,
            made=made,
            program=release(),
            schema=stream.schema,
            tables=stream.tables,
            sequences=stream.sequences,
            contents=stream.tables[CONTENT].rows,
            octets=stream.octets,
            missing=self._missing,
        )
        self._folder.finish(manifest)
        return Taken(manifest, self._contents, self._octets)

    async def _fetch_contents(self) -> None:
        after = 0
        while lacking := self._catalogue.lacking(after, AT_ONCE):
            ids = tuple(lacking)
            reply = await self._bus.call(backup.contents, Wanted(self._begun.lease, ids))
            for content in reply.contents:
                await self._keep(content, lacking[content.id])
            answered = ids[: reply.answered]
            found = {content.id for content in reply.contents}
            self._missing += [lacking[number].hex() for number in answered if number not in found]
            after = answered[-1]
        self._make_last()
        if self._pack is not None:
            self._pack[1].close()

    async def _keep(self, content: StoredContent, hash: bytes) -> None:
        """Write a content down, if it is what it should be."""
        large = bool(content.location)
        try:
            if large:
                await copy_body(self._folder.body(hash), hash, content.url, self._begun.files, content.location)
            elif sha256(content.octets).digest() != hash:
                raise Damaged("its octets have another hash")
        except Damaged:
            self._missing.append(hash.hex())
            return
        span_pack, writer = self._open_pack()
        span = writer.add(packs.pack(Record(hash, large, content.summary, content.octets)))
        self._catalogue.add(hash, Place(span_pack, span, large), self._id)
        self._contents += 1
        self._octets += content.summary.size
        if writer.size - self._lasting > LASTING:
            self._make_last()

    def _open_pack(self) -> tuple[str, PackWriter]:
        if self._pack is not None and self._pack[1].size > PACK:
            self._make_last()
            self._pack[1].close()
            self._pack = None
        if self._pack is None:
            name = new_ulid()
            self._pack, self._lasting = (name, PackWriter(self._folder.pack(name))), 0
        return self._pack

    def _make_last(self) -> None:
        """First the pack, then the catalogue that names what is in it."""
        if self._pack is not None:
            self._pack[1].sync()
            self._lasting = self._pack[1].size
        self._catalogue.commit()
