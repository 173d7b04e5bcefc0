"""One body on its way into the store: hashed, and compressed where that is wanted, into a file of its own.

It rests there until it is whole, so that memory is bounded however slowly or how much a client sends, and so that
its hash is known before anything is asked of an object store.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from services.storage.blobs.frames import Packer
from shared.base.errors import EilpostError

HEADER_MAX = 1024 * 1024  # octets kept of a header block
_ENDS = (b"\r\n\r\n", b"\n\n")

Keep = Callable[[Path, str], None]  # put a whole file under a location


class TooLarge(EilpostError):
    """More octets than the ticket allows."""


class Sealed(NamedTuple):
    """A body on stable storage. ``header`` is its header block, cut at `HEADER_MAX`."""

    hash: bytes
    size: int
    location: str
    header: bytes


class Writing:
    """Blocks: call it in threads."""

    def __init__(self, folder: Path, upload: str, limit: int, packer: Packer | None, keep: Keep) -> None:
        self._upload = upload
        self._limit = limit
        self._packer = packer
        self._keep = keep
        self._path = folder / f"{upload}.{os.urandom(8).hex()}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._hash = sha256()
        self._header = bytearray()
        self._header_open = True
        self._stored = 0
        self.size = 0

    @property
    def hash(self) -> bytes:
        """SHA-256 of what has arrived."""
        return self._hash.digest()

    @property
    def header(self) -> bytes:
        """The header block, as far as it has arrived."""
        return bytes(self._header)

    def write(self, octets: bytes) -> None:
        """Add octets. Raises `TooLarge`; OSError when the disk is full or broken."""
        self.size += len(octets)
        if self.size > self._limit:
            raise TooLarge(f"more than {self._limit} octets")
        self._hash.update(octets)
        if self._header_open:
            self._collect_header(octets)
        self._store(octets if self._packer is None else self._packer.add(octets))

    def seal(self) -> Sealed:
        """Make it durable under its location. Raises OSError, `shared.contracts.errors.Unavailable`."""
        digest = self._hash.digest()
        location = f"{digest[:1].hex()}/{digest.hex()}.{self._upload}"
        if self._packer is not None:
            self._store(self._packer.finish())
            location = f"{location}.{self._stored}.zst"
        self._keep(self._path, location)
        return Sealed(digest, self.size, location, self.header)

    def discard(self) -> None:
        """Forget the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._path.unlink(missing_ok=True)

    def _store(self, octets: bytes) -> None:
        self._stored += len(octets)
        view = memoryview(octets)
        while view:
            view = view[os.write(self._file, view) :]

    def _collect_header(self, octets: bytes) -> None:
        begin = max(0, len(self._header) - 3)
        self._header += octets[: HEADER_MAX - len(self._header)]
        ends = [at + len(end) for end in _ENDS if (at := self._header.find(end, begin)) >= 0]
        if ends:
            del self._header[min(ends) :]
        self._header_open = not ends and len(self._header) < HEADER_MAX
