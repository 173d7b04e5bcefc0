"""Sets of messages as one octet each, 1 or 0, so that set algebra is arithmetic on long integers. Pure."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Set
from itertools import compress

Mask = bytes

_FEW = 16  # times fewer members than messages: then looking for each beats asking each message
_OCTET = 255  # the most that one holds


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


def of_members(uids: array[int], members: Set[int]) -> Mask:
    """Those of ``uids``, which ascend, that are among ``members``."""
    if len(members) * _FEW > len(uids):
        return bytes([uid in members for uid in uids])
    mask = bytearray(len(uids))
    for member in members:
        at = bisect_left(uids, member)
        if at < len(uids) and uids[at] == member:
            mask[at] = 1
    return bytes(mask)


def of_numbers(column: array[int], fits: Mapping[int, bool]) -> Mask:
    """Those whose number in ``column`` fits; ``fits`` knows all that occur there."""
    if max(fits, default=0) > _OCTET:
        return bytes(map(fits.__getitem__, column))
    table = bytearray(_OCTET + 1)
    for number, fitting in fits.items():
        table[number] = fitting
    lowest = 0 if sys.byteorder == "little" else column.itemsize - 1
    return column.tobytes()[lowest :: column.itemsize].translate(table)


def members(uids: array[int], mask: Mask) -> array[int]:
    """Those of ``uids`` that are in ``mask``."""
    return array("I", compress(uids, mask)) if 0 in mask else uids


def of_ranges(size: int, ranges: Iterable[tuple[int, int]]) -> Mask:
    """Messages at the indexes of half-open ranges."""
    mask = bytearray(size)
    for start, end in ranges:
        mask[start:end] = b"\1" * (end - start)
    return bytes(mask)
