from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.rules import changes
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.rules.quota import fits
from shared.contracts.changes import INLINE_ROWS, Rows
from shared.contracts.errors import Code, Refused

STEP = changes.Step(7, 3, 4, 100)


def test_columns_are_little_endian() -> None:
    rows = changes.pack_rows([(1, 2**40, 3, 4, -5), (2, 5, 6, 7, 8)])
    assert struct.unpack("<2I", rows.uids) == (1, 2)
    assert struct.unpack("<2Q", rows.modseqs) == (2**40, 5)
    assert struct.unpack("<2I", rows.flagsets) == (3, 6)
    assert struct.unpack("<2I", rows.sizes) == (4, 7)
    assert struct.unpack("<2q", rows.dates) == (-5, 8)


def test_what_is_too_large_to_ride_along_asks_for_a_sync() -> None:
    row = (1, 4, 0, 10, 0)
    small = changes.build(STEP, [row] * INLINE_ROWS, author="s")
    large = changes.build(STEP, [row] * (INLINE_ROWS + 1), author="s")
    assert small.complete
    assert len(small.rows.uids) == 4 * INLINE_ROWS
    assert not large.complete
    assert large.rows == Rows()
    assert (large.mailbox, large.previous, large.modseq, large.uidnext, large.author) == (7, 3, 4, 100, "s")


@given(st.sets(st.integers(1, 2**32 - 1)))
def test_uids_come_back(uids: set[int]) -> None:
    assert unpack_uids(pack_u32(sorted(uids))) == sorted(uids)


@pytest.mark.parametrize("octets", [b"\1", pack_u32([2, 1]), pack_u32([1, 1])])
def test_broken_uids_are_refused(octets: bytes) -> None:
    with pytest.raises(Refused) as caught:
        unpack_uids(octets)
    assert caught.value.code is Code.MALFORMED


def test_quota() -> None:
    assert fits(0, 10**12, 10**12)
    assert fits(100, 90, 10)
    assert not fits(100, 90, 11)
    assert fits(100, 200, 0)
