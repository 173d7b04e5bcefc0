"""What storage asks of a place for large bodies, whatever is behind it: a folder or an object store.

A body has a location, ``<2 hex digits>/<SHA-256>.<upload>`` and, when it is kept compressed, its stored octets and
``zst`` behind that: ``….<octets>.zst``. So what was stored under another setting stays readable.

Invariants:
1. `Writing.seal` returns after the body is on stable storage under its location: what a commit names is there.
2. A location is written by one upload, once, and never changes. Two uploads share nothing, unless a row says so
   (`services.storage.repositories.uploads`); a body may be removed as soon as no row names it any more.
3. Octets and sizes are those that arrived, however they are stored.

Everything here blocks: call it in threads.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import trio

from services.storage.blobs import frames
from services.storage.blobs.writing import Writing
from shared.base.errors import EilpostError

INCOMING = "incoming"
TABLES = 512  # compressed bodies whose tables are remembered
_LOCATION = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})\.\w+(?:\.([0-9]+)\.zst)?")


class Lost(EilpostError):
    """A body that is not there, or no longer as it was written."""


class Found(NamedTuple):
    """A body that lies in the store, whether a row names it or not."""

    location: str
    hash: bytes


class Reading(ABC):
    """An open body."""

    @abstractmethod
    def read(self, start: int, end: int) -> bytes:
        """The octets of a range, which must lie in the body. Raises `Lost`, `Unavailable`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""


class BlobStore(ABC):
    """``incoming`` is a folder for what has not arrived whole. ``level`` compresses what arrives; None: does not."""

    step = 1024 * 1024  # octets that are worth one read
    folder = ""  # where bodies are files for whoever may read the disk; those that end in ".zst" are compressed
    shares = False  # whether writing costs so much that an upload of what is stored takes the stored one

    def __init__(self, incoming: Path, level: int | None, limiter: trio.CapacityLimiter | None = None) -> None:
        self._incoming = incoming
        self._level = level
        self.limiter = limiter  # of the threads that wait for the store; None: any thread does
        self._table = lru_cache(TABLES)(self._read_table)

    def write(self, upload: str, limit: int) -> Writing:
        """Begin a body of at most ``limit`` octets. OSError when the disk is full or broken."""
        packer = None if self._level is None else frames.Packer(self._level)
        return Writing(self._incoming, upload, limit, packer, self.keep)

    @abstractmethod
    def keep(self, path: Path, location: str) -> None:
        """Put the file at ``path``, which the caller removes, under ``location``. Raises OSError, `Unavailable`."""

    def open(self, location: str) -> Reading:
        """A body to read from. Raises `Lost`, `Unavailable`."""
        stored = _stored_size(location)
        if stored is None:
            return self._open(location)
        return _Unpacking(self._open(location), self._table(location, stored))

    def read(self, location: str, start: int, end: int) -> bytes:
        """A range of a body. Raises `Lost`, `Unavailable`."""
        reading = self.open(location)
        try:
            return reading.read(start, end)
        finally:
            reading.close()

    @abstractmethod
    def remove(self, locations: Sequence[str]) -> None:
        """Remove bodies that no row names any more. Raises OSError, `Unavailable`."""

    @abstractmethod
    def older_than(self, moment: float) -> Iterator[Found]:
        """The bodies written before ``moment`` (Unix seconds). Raises OSError, `Unavailable`."""

    @abstractmethod
    def claim(self, owner: str) -> bool:
        """Whether the place is the installation ``owner``'s; a new one becomes so. Raises `Unavailable`."""

    def sweep_incoming(self, moment: float) -> int:
        """Remove what was begun before ``moment`` and never sealed; how many."""
        removed = 0
        for file in self._incoming.iterdir():
            if file.stat().st_mtime < moment:
                file.unlink(missing_ok=True)
                removed += 1
        return removed

    @abstractmethod
    def _open(self, location: str) -> Reading:
        """What is stored under ``location``, as it is stored."""

    def _read_table(self, location: str, stored: int) -> frames.Table:
        reading = self._open(location)
        try:
            tail = reading.read(max(0, stored - frames.TAIL), stored)
            if (length := frames.table_length(tail)) > len(tail):
                tail = reading.read(stored - length, stored)
            return frames.table(tail)
        except frames.Damaged as error:
            raise Lost(f"{location}: {error}") from error
        finally:
            reading.close()


class _Unpacking(Reading):
    """A compressed body, read as what arrived."""

    def __init__(self, stored: Reading, table: frames.Table) -> None:
        self._stored = stored
        self._table = table

    def read(self, start: int, end: int) -> bytes:
        span = self._table.span(start, end)
        try:
            return frames.unpack(self._stored.read(span.start, span.end), span, start, end)
        except frames.Damaged as error:
            raise Lost(str(error)) from error

    def close(self) -> None:
        self._stored.close()


def found(location: str) -> Found | None:
    """The body that a name in the store stands for; None for what is not ours."""
    match = _LOCATION.fullmatch(location)
    return None if match is None else Found(location, bytes.fromhex(match[1]))


def _stored_size(location: str) -> int | None:
    """Octets of a compressed body as stored; None for one that is not compressed."""
    if not location.endswith(".zst"):
        return None
    match = _LOCATION.fullmatch(location)
    if match is None or match[2] is None:
        raise Lost(f"{location}: no such body")
    return int(match[2])
