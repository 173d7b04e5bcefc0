"""Large bodies as objects, in what `obstore` reaches: S3 and what speaks like it, Azure, Google.

A body is sent when it is whole: a small one by one conditional PUT, a larger one in parts, of which few are in
memory. Reading asks for ranges of bounded size, so that no request waits for a slow mail client. All that goes wrong
on the way is `Unavailable`: it may pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import obstore
import trio
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from services.storage.blobs.breaker import Breaker
from services.storage.blobs.store import BlobStore, Found, Lost, Reading, found
from shared.contracts.errors import Unavailable
from shared.observe.log import Log

OWNER = "owner"  # the object that says whose bodies these are
PART = 5 * 1024 * 1024  # octets sent by one request: the least that S3 takes
PARTS = 2  # under way at once for one body
PATIENCE = 25.0  # seconds for a whole body: a front waits for 30
RANGE = 512 * 1024  # octets read by one request
RANGES = 4  # asked for at once
LISTED = 200  # names in one go
_FILE_READ = 256 * 1024


class Objects(BlobStore):
    """``timeout`` (seconds) is that of one request; ``at_once`` bounds the threads that wait for the store."""

    step = RANGE * RANGES
    shares = True

    def __init__(
        self, store: ObjectStore, incoming: Path, level: int | None, timeout: float, at_once: int, log: Log
    ) -> None:
        super().__init__(incoming, level, trio.CapacityLimiter(at_once))
        self._store = store
        self._timeout = timeout
        self._breaker = Breaker()
        self._log = log

    def keep(self, path: Path, location: str) -> None:
        size = path.stat().st_size
        with path.open("rb") as file, self._asking(PATIENCE):
            if size > PART:
                pieces = _pieces(file.read, monotonic() + PATIENCE)
                obstore.put(self._store, location, pieces, use_multipart=True, chunk_size=PART, max_concurrency=PARTS)
            else:
                self._create(location, file.read())

    def remove(self, locations: Sequence[str]) -> None:
        if not locations:
            return
        with self._asking(self._timeout), suppress(FileNotFoundError):  # the walk finds what is left
            obstore.delete(self._store, list(locations))

    def older_than(self, moment: float) -> Iterator[Found]:
        before = datetime.fromtimestamp(moment, UTC)
        with self._asking(self._timeout):
            listing = obstore.list(self._store, chunk_size=LISTED)
        while True:
            with self._asking(self._timeout):
                chunk = next(listing, None)
            if chunk is None:
                return
            for each in chunk:
                if each["last_modified"] < before and (body := found(each["path"])):
                    yield body

    def claim(self, owner: str) -> bool:
        with self._asking(self._timeout):
            self._create(OWNER, owner.encode())
            return bytes(obstore.get(self._store, OWNER).bytes()) == owner.encode()

    def _create(self, name: str, octets: bytes) -> None:
        """Write an object, unless it is there: then it is the same, sent for the second time."""
        with suppress(AlreadyExistsError):
            obstore.put(self._store, name, octets, mode="create", use_multipart=False)

    def _open(self, location: str) -> Reading:
        return _Object(location, self._ranges)

    def _ranges(self, location: str, start: int, end: int) -> bytes:
        starts = list(range(start, end, RANGE))
        if not starts:
            return b""
        ends = [*starts[1:], end]
        with self._asking(self._timeout):
            try:
                return b"".join(obstore.get_ranges(self._store, location, starts=starts, ends=ends, coalesce=0))
            except FileNotFoundError as error:
                raise Lost(f"{location}: no such object") from error

    @contextmanager
    def _asking(self, patience: float) -> Iterator[None]:
        """The one place where the store's errors become ours."""
        self._breaker.enter(patience)
        try:
            yield
        except Lost:
            self._answered()
            raise
        except (BaseError, OSError, ValueError) as error:
            if self._breaker.failed():
                self._log.error("storage.objects_unavailable", reason=_line(error))
            raise Unavailable(_line(error)) from error
        else:
            self._answered()

    def _answered(self) -> None:
        if self._breaker.worked():
            self._log.info("storage.objects_available")


class _Object(Reading):
    def __init__(self, location: str, ranges: Callable[[str, int, int], bytes]) -> None:
        self._location = location
        self._ranges = ranges

    def read(self, start: int, end: int) -> bytes:
        octets = self._ranges(self._location, start, end)
        if len(octets) != end - start:
            raise Lost(f"{self._location}: shorter than it was")
        return octets

    def close(self) -> None:
        """Nothing is open between two reads."""


def _pieces(read: Callable[[int], bytes], until: float) -> Iterator[bytes]:
    while piece := read(_FILE_READ):
        if monotonic() > until:
            raise TimeoutError("the body could not be sent in time")
        yield piece


def _line(error: BaseException) -> str:
    """What happened, without the inner structure that the store's library writes behind it."""
    return str(error).partition("\n")[0]
