"""Sets of messages: however few are members, the same are marked."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from services.imap.searching.mask import everything, members, of_members

UIDS = st.sets(st.integers(1, 300), max_size=200)


@given(UIDS, st.sets(st.integers(0, 310), max_size=40))
def test_members_are_marked(uids: set[int], chosen: set[int]) -> None:
    column = array("I", sorted(uids))
    mask = of_members(column, chosen)
    assert list(mask) == [uid in chosen for uid in column]
    assert members(column, mask).tolist() == sorted(uids & chosen)
    assert members(column, everything(len(column))) == column
