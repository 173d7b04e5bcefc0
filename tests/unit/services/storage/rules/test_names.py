from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.rules import names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inbox", "INBOX"),
        ("InBox/a", "INBOX/a"),
        ("Inboxes", "Inboxes"),
        ("a/inbox", "a/inbox"),
        ("Tägliches", "Tägliches"),
        ("Ta\u0308gliches", "T\u00e4gliches"),
    ],
)
def test_only_the_first_level_can_be_inbox(name: str, expected: str) -> None:
    assert names.validate(name) == names.canonical(name) == expected


@pytest.mark.parametrize(
    "name",
    ["", "/abs", "a//b", "a/", "../../x", "a/./b", "a\0b", "a\nb", "a\x7fb", "a\x9fb", "a\u2028b", "\udc80",
     "x" * 256, "ä" * 128, "a/" * 600 + "a", "/".join("a" * 33), "#user/bob/INBOX", "#shared/x"],
)  # fmt: skip
def test_names_that_can_never_be(name: str) -> None:
    with pytest.raises(names.BadName):
        names.validate(name)


def test_names_at_the_limits() -> None:
    for name in ("x" * 255, "ä" * 127, "/".join("a" * 32), "user", "users/bob"):
        assert names.validate(name) == name


@given(st.text())
def test_a_name_is_taken_or_refused(name: str) -> None:
    try:
        valid = names.validate(name)
    except names.BadName:
        return
    assert names.validate(valid) == valid
    assert len(valid.encode()) <= names.MAX_NAME


def test_parents_are_found_outermost_first() -> None:
    assert list(names.parents("a/b/c")) == ["a", "a/b"]
    assert names.missing_parents(["a/b/c", "a", "d"]) == {"a/b"}


def test_below_means_a_whole_level_below() -> None:
    assert names.below("a", "a/b")
    assert not names.below("a", "ab")
    assert not names.below("a", "a")
