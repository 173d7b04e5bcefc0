"""Large bodies as files in a folder.

Invariants:
1. A file gets its name after its octets are on disk, and `Files.keep` returns after its name is: what a commit names
   survives a loss of power.
2. What a crash left half-written lies under ``incoming`` and is swept by age.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.storage.blobs.store import INCOMING, BlobStore, Found, Lost, Reading, found
from shared.base.errors import StartError
from shared.contracts.errors import Unavailable


class Files(BlobStore):
    """The folder of bodies. Raises `StartError` when it cannot be had."""

    def __init__(self, root: Path, level: int | None = None) -> None:
        super().__init__(root / INCOMING, level)
        self._root = root
        self.folder = str(root.resolve())
        try:
            (root / INCOMING).mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync(root)
            _sync(root.parent)
        except OSError as error:
            raise StartError(f"{root}: {error.strerror}") from error

    def keep(self, path: Path, location: str) -> None:
        target = self._root / location
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync(self._root)
        _sync(path)
        path.rename(target)
        _sync(target.parent)

    def remove(self, locations: Sequence[str]) -> None:
        for location in locations:
            (self._root / location).unlink(missing_ok=True)

    def older_than(self, moment: float) -> Iterator[Found]:
        for folder in sorted(self._root.iterdir()):
            if folder.name == INCOMING or not folder.is_dir():
                continue
            for file in folder.iterdir():
                if file.stat().st_mtime < moment and (body := found(f"{folder.name}/{file.name}")):
                    yield body

    def claim(self, owner: str) -> bool:
        """A folder belongs to the process that has its database."""
        return True

    def _open(self, location: str) -> Reading:
        return _File(self._root / location)


class _File(Reading):
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise Lost(f"{path}: no such body") from error
        except OSError as error:
            raise Unavailable(f"{path}: {error.strerror}") from error

    def read(self, start: int, end: int) -> bytes:
        try:
            octets = os.pread(self._descriptor, end - start, start)
        except OSError as error:
            raise Unavailable(f"{self._path}: {error.strerror}") from error
        if len(octets) < end - start:
            raise Lost(f"{self._path}: shorter than it was")
        return octets

    def close(self) -> None:
        os.close(self._descriptor)


def _sync(path: Path) -> None:
    """Let a file's octets, or a folder's names, be on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
