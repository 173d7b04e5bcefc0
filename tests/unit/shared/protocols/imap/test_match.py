"""LIST patterns, against regular expressions."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.protocols.imap.match import matches


def _model(pattern: str, name: str, separator: str) -> bool:
    parts = {"*": ".*", "%": f"[^{re.escape(separator)}]*" if separator else ".*"}
    return re.fullmatch("".join(parts.get(c, re.escape(c)) for c in pattern), name, re.DOTALL) is not None


@given(st.text(alphabet="ab./%*", max_size=8), st.text(alphabet="ab./", max_size=10), st.sampled_from([".", "/", ""]))
@settings(max_examples=500)
def test_like_a_regular_expression(pattern: str, name: str, separator: str) -> None:
    assert matches(pattern, name, separator) == _model(pattern, name, separator)


@pytest.mark.parametrize("pattern", ["inbox", "InBox", "INBOX", "in%", "*box"])
def test_inbox_in_any_case(pattern: str) -> None:
    assert matches(pattern, "INBOX", "/")
    assert not matches(pattern, "INBOXES", "/") or pattern == "in%"


def test_only_inbox_is_folded() -> None:
    assert matches("inbox/Foo", "INBOX/Foo", "/")
    assert not matches("inbox/foo", "INBOX/Foo", "/")
    assert not matches("sent", "Sent", "/")


def test_stars_do_not_explode() -> None:
    started = time.process_time()
    assert not matches("*a%" * 5000 + "b", "a" * 2000, "/")
    assert time.process_time() - started < 1
