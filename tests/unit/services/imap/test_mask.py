"""Sets of messages: however few are members, the same are marked."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from services.imap.searching.mask import everything, members, of_members, of_numbers

UIDS = st.sets(st.integers(1, 300), max_size=200)


@given(UIDS, st.sets(st.integers(0, 310), max_size=40))
def test_members_are_marked(uids: set[int], chosen: set[int]) -> None:
    column = array("I", sorted(uids))
    mask = of_members(column, chosen)
    assert list(mask) == [uid in chosen for uid in column]
    assert members(column, mask).tolist() == sorted(uids & chosen)
    assert members(column, everything(len(column))) == column


@given(st.lists(st.integers(0, 300), max_size=60), st.sets(st.integers(0, 300)))
def test_numbers_that_fit_are_marked(numbers: list[int], fitting: set[int]) -> None:
    fits = {number: number in fitting for number in numbers}
    assert list(of_numbers(array("I", numbers), fits)) == [number in fitting for number in numbers]


@given(st.lists(st.integers(0, 2), max_size=60), st.booleans())
def test_the_same_where_all_numbers_are_small(numbers: list[int], fit: bool) -> None:
    fits = {0: True, 1: False, 2: fit}
    assert list(of_numbers(array("I", numbers), fits)) == [fits[number] for number in numbers]
