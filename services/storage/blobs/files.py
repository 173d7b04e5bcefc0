"""Large bodies as files: ``<2 hex digits>/<SHA-256>.<upload>``, written once, never changed.

Invariants:
1. A file gets its name after its octets are on disk, and `Writing.seal` returns after its name is: what a commit
   names survives a loss of power.
2. Each upload has a file of its own. Two uploads of the same octets share nothing, so that a file may be removed as
   soon as the one row that named it is gone.
3. What a crash left half-written lies under ``incoming`` and is swept by age.

Everything here blocks: call it in threads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from shared.base.errors import EilpostError, StartError

INCOMING = "incoming"
HEADER_MAX = 1024 * 1024  # octets kept of a header block
_ENDS = (b"\r\n\r\n", b"\n\n")


class TooLarge(EilpostError):
    """More octets than the ticket allows."""


class Sealed(NamedTuple):
    """A body on stable storage. ``header`` is its header block, cut at `HEADER_MAX`."""

    hash: bytes
    size: int
    location: str
    header: bytes


class Writing:
    """One body on its way to disk."""

    def __init__(self, root: Path, upload: str, limit: int) -> None:
        self._root = root
        self._upload = upload
        self._limit = limit
        self._path = root / INCOMING / f"{upload}.{os.urandom(8).hex()}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._hash = sha256()
        self._header = bytearray()
        self._header_open = True
        self.size = 0

    def write(self, octets: bytes) -> None:
        """Add octets. Raises `TooLarge`; OSError when the disk is full or broken."""
        self.size += len(octets)
        if self.size > self._limit:
            raise TooLarge(f"more than {self._limit} octets")
        self._hash.update(octets)
        if self._header_open:
            self._collect_header(octets)
        view = memoryview(octets)
        while view:
            view = view[os.write(self._file, view) :]

    def seal(self) -> Sealed:
        """Make it durable under its own name."""
        digest = self._hash.digest()
        folder = self._root / digest[:1].hex()
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            _sync_folder(self._root)
        location = f"{folder.name}/{digest.hex()}.{self._upload}"
        os.fsync(self._file)
        os.rename(self._path, self._root / location)
        _sync_folder(folder)
        self._close()
        return Sealed(digest, self.size, location, bytes(self._header))

    def discard(self) -> None:
        """Forget it."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _collect_header(self, octets: bytes) -> None:
        begin = max(0, len(self._header) - 3)
        self._header += octets[: HEADER_MAX - len(self._header)]
        ends = [at + len(end) for end in _ENDS if (at := self._header.find(end, begin)) >= 0]
        if ends:
            del self._header[min(ends) :]
        self._header_open = not ends and len(self._header) < HEADER_MAX


class Files:
    """The folder of bodies."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            (root / INCOMING).mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync_folder(root)
            _sync_folder(root.parent)
        except OSError as error:
            raise StartError(f"{root}: {error.strerror}") from error

    def write(self, upload: str, limit: int) -> Writing:
        """Begin a body of at most ``limit`` octets."""
        return Writing(self.root, upload, limit)

    def size(self, location: str) -> int:
        """Octets of a body. OSError when it is not there."""
        return (self.root / location).stat().st_size

    def open(self, location: str) -> int:
        """A descriptor to read from. OSError when the body is not there."""
        return os.open(self.root / location, os.O_RDONLY)

    def read(self, location: str, start: int, end: int) -> bytes:
        """A range of a body. OSError when it is not there."""
        descriptor = self.open(location)
        try:
            return os.pread(descriptor, end - start, start)
        finally:
            os.close(descriptor)

    def remove(self, location: str) -> None:
        """Remove a body that no row names any more."""
        (self.root / location).unlink(missing_ok=True)

    def older_than(self, moment: float) -> Iterator[tuple[str, bytes]]:
        """(location, SHA-256) of the bodies written before ``moment`` (Unix seconds)."""
        for folder in sorted(self.root.iterdir()):
            if folder.name == INCOMING or not folder.is_dir():
                continue
            for file in folder.iterdir():
                if file.stat().st_mtime < moment:
                    yield f"{folder.name}/{file.name}", bytes.fromhex(file.name.partition(".")[0])

    def sweep_incoming(self, moment: float) -> int:
        """Remove what was begun before ``moment`` and never sealed."""
        removed = 0
        for file in (self.root / INCOMING).iterdir():
            if file.stat().st_mtime < moment:
                file.unlink(missing_ok=True)
                removed += 1
        return removed


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
