"""The maildrop against a naive model of itself."""

from __future__ import annotations

from struct import pack, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pop3.errors import CommandRefused
from services.pop3.maildrop import Maildrop
from shared.contracts import maildrop

sizes = st.lists(st.integers(1, 2**31), max_size=20)
acts = st.lists(st.integers(0, 22) | st.just("rset"), max_size=40)


def opened(octets: list[int]) -> Maildrop:
    uids = [10 + 3 * place for place in range(len(octets))]
    pages = [
        maildrop.Maildrop(1, 77, pack(f"<{len(page)}I", *page), pack(f"<{len(page)}I", *octets[at : at + 7]))
        for at in range(0, len(octets) or 1, 7)
        for page in [uids[at : at + 7]]
    ]
    return Maildrop(pages)


@given(sizes, acts)
def test_marks_count_like_a_set(octets: list[int], done: list[int | str]) -> None:
    drop = opened(octets)
    marked: set[int] = set()
    for act in done:
        if isinstance(act, str):
            drop.unmark_all()
            marked.clear()
        elif 1 <= act <= len(octets) and act not in marked:
            drop.check(act)
            drop.mark(act)
            marked.add(act)
        else:
            with pytest.raises(CommandRefused):
                drop.check(act)
    left = [number for number in range(1, len(octets) + 1) if number not in marked]
    assert list(drop.numbers()) == left
    assert (drop.shown, drop.octets) == (len(left), sum(octets[number - 1] for number in left))
    assert unpack(f"<{len(marked)}I", drop.marked_uids()) == tuple(10 + 3 * (number - 1) for number in sorted(marked))


def test_unique_ids_hold_uidvalidity_and_uid() -> None:
    drop = opened([5, 6])
    assert [drop.unique_id(number) for number in drop.numbers()] == ["0000004d0000000a", "0000004d0000000d"]
