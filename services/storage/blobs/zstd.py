"""Zstandard frames: by Python's own module from 3.14 on, before that by the package that the extra `objects` brings.

Imported when somebody compresses or reads what is compressed, not before.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from shared.base.errors import EilpostError

MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "zstandard"


class ZstdError(EilpostError):
    """Not a frame of ours, or nothing that reads one is installed."""


def available() -> bool:
    """Whether this installation can compress."""
    return find_spec(MODULE) is not None


def compress(octets: bytes, level: int) -> bytes:
    """One frame, which says how much it holds."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.compress(octets, level)
    import zstandard

    return zstandard.ZstdCompressor(level=level).compress(octets)


def decompress(frame: bytes | memoryview, most: int) -> bytes:
    """The content of one frame, at most ``most`` octets. Raises `ZstdError`."""
    if not available():
        raise ZstdError(f"{MODULE} is not installed")
    if sys.version_info >= (3, 14):
        from compression import zstd

        try:
            _check(zstd.get_frame_info(frame).decompressed_size, most)
            return zstd.decompress(frame)
        except zstd.ZstdError as error:
            raise ZstdError(str(error)) from error
    import zstandard

    try:
        _check(zstandard.frame_content_size(frame), most)
        return zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise ZstdError(str(error)) from error


def _check(size: int | None, most: int) -> None:
    if size is None or not 0 <= size <= most:
        raise ZstdError("a frame of another size than ours have")
