"""The stream of all tables (see `shared.contracts.backup`), written into a snapshot's files while it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgpack

from services.admin.backup.catalogue import Catalogue
from services.admin.backup.folder import Folder, TableCopy
from services.admin.backup.tables import TableWriter
from shared.contracts.backup import CONTENT, CONTENT_COLUMNS
from shared.contracts.errors import Unavailable

NOTED = 10_000  # names of contents written down at once
ID, HASH, SIZE = (CONTENT_COLUMNS.index(name) for name in ("id", "hash", "size"))


class SnapshotStream:
    """Takes the stream's values; after the last one it says what came."""

    def __init__(self, folder: Folder, snapshot: str, catalogue: Catalogue) -> None:
        self._folder = folder
        self._snapshot = snapshot
        self._catalogue = catalogue
        self._writer: TableWriter | None = None
        self._named: list[tuple[int, bytes]] | None = None  # contents, while their table comes
        self._whole = False
        self.schema = ""
        self.sequences: dict[str, int] = {}
        self.tables: dict[str, TableCopy] = {}
        self.octets = 0  # of all contents

    async def read(self, pieces: AsyncIterator[bytes]) -> None:
        """The whole stream. Raises `Unavailable` when it ends before its end, OSError when it cannot be written."""
        unpacker = msgpack.Unpacker(max_buffer_size=0)
        async for piece in pieces:
            unpacker.feed(piece)
            for value in unpacker:
                if isinstance(value, dict):
                    self._mark(value)
                else:
                    self._row(value)
        if not self._whole:
            raise Unavailable("the tables ended before their end")
        self._note(0)

    def _mark(self, value: dict[str, Any]) -> None:
        if name := value.get("table"):
            self._writer = TableWriter(self._folder.table(self._snapshot, name), value["columns"])
            self._named = [] if name == CONTENT else None
        elif name := value.get("end"):
            assert self._writer is not None
            copy = self._writer.finish()
            if copy.rows != value["rows"]:
                raise Unavailable(f"{value['rows']} rows of {name} were sent, {copy.rows} came")
            self.tables[name] = copy
            self._note(0)
        elif "schema" in value:
            self.schema, self.sequences = value["schema"], value["sequences"]
        else:
            self._whole = bool(value.get("whole"))

    def _row(self, row: list[Any]) -> None:
        assert self._writer is not None
        self._writer.add(row)
        if self._named is not None:
            self._named.append((row[ID], row[HASH]))
            self.octets += row[SIZE]
            self._note(NOTED)

    def _note(self, least: int) -> None:
        """Hand the names of contents to the catalogue, unless there are too few to be worth it."""
        if self._named and len(self._named) >= least:
            self._catalogue.name(self._named)
            self._named = []
