"""Texts that PostgreSQL would refuse come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.storage.engines.nul import ESCAPE, escape, unescape

TEXTS = st.text(st.sampled_from(["a", "0", "1", "\0", ESCAPE, "\u00e9"])) | st.text()


@given(TEXTS)
def test_what_is_escaped_comes_back(text: str) -> None:
    stored = escape(text)
    assert "\0" not in stored
    assert unescape(stored) == text


@given(TEXTS, TEXTS)
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


def test_ordinary_texts_are_stored_as_they_are() -> None:
    assert escape("Grüße") == "Grüße"
