"""Which content stands in which pack, and which snapshot named it last: an SQLite file beside the packs.

It holds nothing that the packs do not say, so it is made anew when it is gone.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.admin.backup import packs
from services.admin.backup.folder import Damaged, Folder
from services.admin.backup.packs import Span

SCHEMA = """
CREATE TABLE IF NOT EXISTS content (
  hash BLOB PRIMARY KEY, pack TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, large INTEGER NOT NULL,
  seen TEXT NOT NULL
) WITHOUT ROWID;
CREATE TEMP TABLE named (id INTEGER PRIMARY KEY, hash BLOB NOT NULL);
"""


class Place(NamedTuple):
    """Where a content stands."""

    pack: str
    span: Span
    large: bool


class Catalogue:
    """The catalogue of ``folder``; changes count from `commit` on."""

    def __init__(self, folder: Folder) -> None:
        fresh = not folder.catalogue.exists()
        if fresh:
            os.close(os.open(folder.catalogue, os.O_WRONLY | os.O_CREAT, 0o600))
        self._database = sqlite3.connect(folder.catalogue)
        try:
            self._database.executescript(SCHEMA)
            if fresh:
                self._read_packs(folder)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise Damaged(f"{folder.catalogue}: {error}; remove it, and it is made anew") from error

    def _read_packs(self, folder: Folder) -> None:
        """Everything in the packs, as if the newest snapshot named it: nothing of it goes before the next one."""
        newest = max(folder.snapshots(), default="")
        for path in sorted(folder.packs.glob("*.pack")):
            for span in packs.spans(path):
                try:
                    record = packs.unpack(packs.read(path, span), folder.body)
                except Damaged:
                    continue
                self.add(record.hash, Place(path.stem, span, record.large), newest)
        self.commit()

    def close(self) -> None:
        self._database.close()

    def commit(self) -> None:
        self._database.commit()

    def name(self, contents: Iterable[tuple[int, bytes]]) -> None:
        """Note contents of the new snapshot, by id and hash."""
        self._database.executemany("INSERT OR REPLACE INTO named VALUES (?, ?)", contents)

    def see(self, snapshot: str) -> None:
        """``snapshot`` names all that were noted, as far as they are here."""
        self._database.execute(
            "UPDATE content SET seen = ? WHERE hash IN (SELECT hash FROM named)",
            (snapshot,),
        )

    def lacking(self, after: int, many: int) -> dict[int, bytes]:
        """Noted contents that are not here, id and hash, at most ``many`` behind the id ``after``."""
        rows = self._database.execute(
            "SELECT id, hash FROM named WHERE id > ? AND hash NOT IN (SELECT hash FROM content) ORDER BY id LIMIT ?",
            (after, many),
        )
        return {number: bytes(hash) for number, hash in rows}

    def add(self, hash: bytes, place: Place, snapshot: str) -> None:
        """A content is here, or somewhere else than before."""
        row = (hash, place.pack, *place.span, place.large, snapshot)
        self._database.execute("INSERT OR REPLACE INTO content VALUES (?, ?, ?, ?, ?, ?)", row)

    def find(self, hash: bytes) -> Place | None:
        """Where a content is."""
        found = self._database.execute(
            "SELECT pack, start, length, large FROM content WHERE hash = ?", (hash,)
        ).fetchone()
        return None if found is None else Place(found[0], Span(found[1], found[2]), bool(found[3]))

    def forget_before(self, snapshot: str) -> list[bytes]:
        """Forget what was named last before ``snapshot``; the hashes of large ones among it."""
        rows = self._database.execute("DELETE FROM content WHERE seen < ? RETURNING hash, large", (snapshot,))
        return [bytes(hash) for hash, large in rows if large]

    def used(self) -> dict[str, int]:
        """Octets of each pack that are still needed."""
        return dict(self._database.execute("SELECT pack, sum(length) FROM content GROUP BY pack").fetchall())

    def within(self, pack: str) -> Iterator[tuple[bytes, Place, str]]:
        """What is still needed of a pack: hash, place, and who named it last."""
        rows = self._database.execute(
            "SELECT hash, start, length, large, seen FROM content WHERE pack = ? ORDER BY start", (pack,)
        ).fetchall()
        for hash, start, length, large, seen in rows:
            yield bytes(hash), Place(pack, Span(start, length), bool(large)), seen
