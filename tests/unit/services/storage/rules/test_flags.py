from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.rules import flags
from shared.contracts.messages import Mode

SOME = st.lists(st.sampled_from(["\\Seen", "\\Deleted", "$Junk", "one", "ONE", "Two", "\\DRAFT"]))


def test_system_flags_and_registered_keywords_have_one_spelling() -> None:
    assert flags.canonical(["\\sEEN", "$junk", "Own", "own"]) == ("$Junk", "Own", "\\Seen")


@pytest.mark.parametrize("name", ["\\Recent", "\\Other", "", "a b", "a(b", 'a"b', "a\\b", "ä", "x" * 51, "a]"])
def test_what_no_client_may_set(name: str) -> None:
    with pytest.raises(flags.BadFlag):
        flags.canonical([name])
    assert flags.valid([name, "ok"]) == ["ok"]


def test_too_many_flags_on_one_message() -> None:
    many = [f"k{number}" for number in range(flags.MAX_FLAGS)]
    assert len(flags.canonical(many)) == flags.MAX_FLAGS
    with pytest.raises(flags.BadFlag):
        flags.combine(flags.canonical(many), Mode.ADD, ("one-more",))


def test_keywords_are_compared_without_case_and_kept_as_first_written() -> None:
    old = flags.canonical(["Work", "\\Seen"])
    assert flags.combine(old, Mode.ADD, ("WORK",)) == old
    assert flags.combine(old, Mode.REMOVE, ("work",)) == ("\\Seen",)
    assert flags.combine(old, Mode.REPLACE, ("work",)) == ("work",)


@given(SOME, SOME)
def test_adding_and_removing(old: list[str], given_: list[str]) -> None:
    before, wanted = flags.canonical(old), flags.canonical(given_)
    added = flags.combine(before, Mode.ADD, wanted)
    removed = flags.combine(added, Mode.REMOVE, wanted)
    lower = {name.lower() for name in wanted}
    assert {name.lower() for name in added} == {name.lower() for name in before} | lower
    assert {name.lower() for name in removed} == {name.lower() for name in before} - lower
    assert list(added) == sorted(added)
    assert flags.combine(added, Mode.ADD, wanted) == added


@given(st.integers(0, 31))
def test_sets_of_system_flags_have_fixed_numbers(number: int) -> None:
    names = flags.fixed_flags(number)
    assert flags.fixed_number(names) == number == flags.bits_of(names)
    assert flags.fixed_number((*names, "keyword")) is None
