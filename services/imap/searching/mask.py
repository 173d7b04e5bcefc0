"""Sets of messages as one octet each, 1 or 0, so that set algebra is arithmetic on long integers. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Mask = bytes


def everything(size: int) -> Mask:
    """All messages."""
    return b"\1" * size


def nothing(size: int) -> Mask:
    """No message."""
    return bytes(size)


def both(left: Mask, right: Mask) -> Mask:
    """Intersection."""
    return (int.from_bytes(left, "big") & int.from_bytes(right, "big")).to_bytes(len(left), "big")


def either(left: Mask, right: Mask) -> Mask:
    """Union."""
    return (int.from_bytes(left, "big") | int.from_bytes(right, "big")).to_bytes(len(left), "big")


def without(left: Mask, right: Mask) -> Mask:
    """What is in ``left`` alone; ``right`` must be part of it."""
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def of_ranges(size: int, ranges: Iterable[tuple[int, int]]) -> Mask:
    """Messages at the indexes of half-open ranges."""
    mask = bytearray(size)
    for start, end in ranges:
        mask[start:end] = b"\1" * (end - start)
    return bytes(mask)
