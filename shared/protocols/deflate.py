"""A stream under DEFLATE (RFC 1951, as RFC 4978 uses it), for both directions.

However small the octets that come are, what they become is handed out in pieces of a bounded size, and only when the
reader asks for more: a flood is inflated no faster than it is understood.
"""

from __future__ import annotations

import zlib

from shared.protocols.errors import ProtocolError

CHUNK = 64 * 1024  # octets; the most that `Inflater.more` gives
_LEVEL = 3  # a listing shrinks to a sixth, at 10 ms a megabyte
_WINDOW = -13  # raw DEFLATE with a window of 8 KiB: 64 KiB of memory a session instead of 256
_MEMORY = 6


class BrokenStream(ProtocolError):
    """The octets are not DEFLATE."""


class Inflater:
    """What the peer sends. A stream that was ended keeps what came behind its end in ``rest``."""

    __slots__ = ("_inflate", "_maybe_more", "_waiting")

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._waiting = b""
        self._maybe_more = False

    def feed(self, data: bytes) -> None:
        self._waiting += data
        self._maybe_more = True

    def more(self) -> bytes:
        """The next octets; none when all that was fed has been given. Raises `BrokenStream`."""
        if not self._maybe_more:
            return b""
        try:
            octets = self._inflate.decompress(self._waiting, CHUNK)
        except zlib.error as error:
            raise BrokenStream(str(error)) from error
        self._waiting = self._inflate.unconsumed_tail
        self._maybe_more = len(octets) == CHUNK or bool(self._waiting)
        return octets

    @property
    def rest(self) -> bytes:
        """What came behind the stream's end, or was not inflated yet."""
        return self._inflate.unused_data or self._waiting


class Deflater:
    """What we send. Each piece can be understood when it arrives."""

    __slots__ = ("_deflate",)

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY)

    def deflate(self, octets: bytes | memoryview) -> bytes:
        return self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
