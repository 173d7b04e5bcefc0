"""The folder that holds backups of one installation.

```text
catalogue.db                     which content stands where: made anew from the packs when it is gone
packs/ID.pack                    small messages, and what was rendered of all
bodies/AB/SHA-256                large messages, hard links where the server's own files are near
snapshots/ID/TABLE.z             the tables as they were at one moment
snapshots/ID/manifest.json       written last: without it the snapshot is none
```

Invariants:
1. What has a manifest is whole: everything it names was synced before it got its name.
2. Packs and bodies serve all snapshots; nothing in them changes, and what no snapshot names any more is removed.
3. Nobody but the owner may read anything here: it holds all mail, password hashes and the server's keys.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shared.base.errors import EilpostError, StartError

FORMAT = 1
MANIFEST = "manifest.json"


class Damaged(EilpostError):
    """What was copied is not there, or not what it was."""


@dataclass(frozen=True)
class TableCopy:
    """One table's file: how many rows, and the hash of the file."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is."""

    id: str
    made: float  # Unix seconds
    program: str
    schema: str
    tables: dict[str, TableCopy]
    sequences: dict[str, int]
    contents: int
    octets: int  # of all contents together
    missing: list[str] = field(default_factory=list)  # contents that the server itself had lost, by hash
    format: int = FORMAT

    def count(self, table: str) -> int:
        """The rows of a table."""
        return self.tables[table].rows if table in self.tables else 0


class Folder:
    """See the module. Nothing is made before `open_for_writing`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.packs = root / "packs"
        self.bodies = root / "bodies"
        self._snapshots = root / "snapshots"

    @contextmanager
    def open_for_writing(self) -> Iterator[None]:
        """Make what is missing, and keep others from writing meanwhile. OSError where that cannot be."""
        for folder in (self.root, self.packs, self.bodies, self._snapshots):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StartError(f"{self.root}: another backup is being written there") from error
            self._remove_unfinished()
            yield
        finally:
            os.close(lock)

    def _remove_unfinished(self) -> None:
        whole = set(self.snapshots())
        for path in self._snapshots.iterdir():
            if path.name not in whole:
                shutil.rmtree(path)

    @property
    def catalogue(self) -> Path:
        return self.root / "catalogue.db"

    def pack(self, name: str) -> Path:
        """The file of a pack."""
        return self.packs / f"{name}.pack"

    def body(self, hash: bytes) -> Path:
        """The file of a large message."""
        text = hash.hex()
        return self.bodies / text[:2] / text

    def table(self, snapshot: str, name: str) -> Path:
        """The file of a table."""
        return self._snapshots / snapshot / f"{name}.z"

    def snapshots(self) -> list[str]:
        """Whole ones, oldest first."""
        return sorted(path.parent.name for path in self._snapshots.glob(f"*/{MANIFEST}"))

    def begin(self, snapshot: str) -> None:
        """Make room for a new one."""
        (self._snapshots / snapshot).mkdir(mode=0o700)

    def finish(self, manifest: Manifest) -> None:
        """Make a snapshot a whole one, in one step that outlives a loss of power."""
        folder = self._snapshots / manifest.id
        fresh = folder / f"{MANIFEST}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(manifest), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        for each in (self.packs, self._snapshots, folder):
            sync_folder(each)
        fresh.rename(folder / MANIFEST)
        sync_folder(folder)

    def manifest(self, snapshot: str) -> Manifest:
        """Raises `Damaged`."""
        try:
            found = json.loads((self._snapshots / snapshot / MANIFEST).read_text())
            if found["format"] != FORMAT:
                raise Damaged(f"snapshot {snapshot} has format {found['format']}, this program reads {FORMAT}")
            found["tables"] = {name: TableCopy(**copy) for name, copy in found["tables"].items()}
            return Manifest(**found)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Damaged(f"the manifest of snapshot {snapshot} cannot be read: {error}") from error

    def forget(self, snapshot: str) -> None:
        """Remove a snapshot: first its manifest, so that it is never half there."""
        folder = self._snapshots / snapshot
        (folder / MANIFEST).unlink()
        shutil.rmtree(folder)


def sync_folder(folder: Path) -> None:
    """Let the names in ``folder`` outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
