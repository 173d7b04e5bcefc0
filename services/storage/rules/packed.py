"""Columns of numbers as octets, little-endian, as `shared.contracts.changes` lays them down."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from itertools import islice
from operator import ge

from shared.contracts.errors import Code, Refused

_SWAP = sys.byteorder == "big"


def pack_u32(values: Iterable[int]) -> bytes:
    return _pack(array("I", values))


def pack_u64(values: Iterable[int]) -> bytes:
    return _pack(array("Q", values))


def pack_i64(values: Iterable[int]) -> bytes:
    return _pack(array("q", values))


def _pack(column: array[int]) -> bytes:
    if _SWAP:
        column.byteswap()
    return column.tobytes()


def unpack_u64(octets: bytes) -> list[int]:
    """Numbers from a request. Refused as MALFORMED otherwise."""
    if len(octets) % 8:
        raise Refused(Code.MALFORMED, "a column is cut")
    column = array("Q")
    column.frombytes(octets)
    if _SWAP:
        column.byteswap()
    return column.tolist()


def unpack_uids(octets: bytes) -> list[int]:
    """UIDs from a request, ascending, each once. Refused as MALFORMED otherwise."""
    if len(octets) % 4:
        raise Refused(Code.MALFORMED, "a column of UIDs is cut")
    column = array("I")
    column.frombytes(octets)
    if _SWAP:
        column.byteswap()
    uids = column.tolist()
    if any(map(ge, uids, islice(uids, 1, None))):
        raise Refused(Code.MALFORMED, "UIDs are not ascending")
    return uids
