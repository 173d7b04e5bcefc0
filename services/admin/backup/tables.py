"""One table of a snapshot in one file: a zlib stream of msgpack arrays, the names of the columns first."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack

from services.admin.backup.folder import Damaged, TableCopy

LEVEL = 3
PIECE = 1 << 20  # octets read at once


class TableWriter:
    """Writes one table."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._compressor = zlib.compressobj(LEVEL)
        self._packer = msgpack.Packer()
        self._hash = sha256()
        self.columns = tuple(columns)
        self.rows = 0
        self._write(self._compressor.compress(self._packer.pack(self.columns)))

    def add(self, row: Sequence[object]) -> None:
        """One more row."""
        self.rows += 1
        if octets := self._compressor.compress(self._packer.pack(row)):
            self._write(octets)

    def finish(self) -> TableCopy:
        """Sync it; what the manifest says of it."""
        self._write(self._compressor.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return TableCopy(self.rows, self._hash.hexdigest())

    def _write(self, octets: bytes) -> None:
        self._hash.update(octets)
        self._file.write(octets)


def verify(path: Path, copy: TableCopy) -> None:
    """Raises `Damaged` unless the file is what it was."""
    try:
        with path.open("rb") as file:
            hash = sha256()
            while piece := file.read(PIECE):
                hash.update(piece)
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}") from error
    if hash.hexdigest() != copy.sha256:
        raise Damaged(f"{path} is not what it was")


def read(path: Path) -> tuple[tuple[str, ...], Iterator[list[Any]]]:
    """The columns and the rows of a table. Raises `Damaged`, while iterating too."""
    values = _values(path)
    columns = next(values, None)
    if columns is None:
        raise Damaged(f"{path} is empty")
    return tuple(columns), values


def _values(path: Path) -> Iterator[list[Any]]:
    unpacker = msgpack.Unpacker()
    decompressor = zlib.decompressobj()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                while piece:
                    unpacker.feed(decompressor.decompress(piece, PIECE))
                    piece = decompressor.unconsumed_tail
                    yield from unpacker
        unpacker.feed(decompressor.flush())
        yield from unpacker
    except (OSError, zlib.error, ValueError, msgpack.UnpackException) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
