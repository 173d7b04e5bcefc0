"""``:matches`` in linear time (RFC 5228 section 2.7.1)."""

from __future__ import annotations

import fnmatch
import re
import time

from hypothesis import given
from hypothesis import strategies as st

from shared.sieve.wildcard import Wildcard
from tests.support.sieve import compiled, outcome

PATTERNS = st.text("ab?*\\", max_size=12)
VALUES = st.text("ab?*\\", max_size=20)


def _as_regex(pattern: str) -> str:
    out, letters = [], iter(pattern)
    for letter in letters:
        if letter == "*":
            out.append("(.*?)")
        elif letter == "?":
            out.append("(.)")
        else:
            out.append(re.escape(next(letters, "\\") if letter == "\\" else letter))
    return "".join(out)


@given(PATTERNS, VALUES)
def test_wildcards_match_what_a_lazy_regular_expression_does(pattern: str, value: str) -> None:
    spans = Wildcard(pattern).match(value)
    expected = re.fullmatch(_as_regex(pattern), value, re.DOTALL)
    assert (spans is None) is (expected is None)
    if spans is not None and expected is not None:
        assert [value[start:end] for start, end in spans] == [expected[0], *expected.groups()]


def test_fnmatch_agrees_where_it_has_the_same_signs() -> None:
    for pattern in ("*a*b", "a?c", "*", "", "a*"):
        for value in ("", "ab", "aab", "abc", "xaxb"):
            assert (Wildcard(pattern).match(value) is not None) is fnmatch.fnmatchcase(value, pattern)


def test_case_57_hostile_patterns_take_no_time() -> None:
    """Nested repetition and fifty stars on 100 kB end within 100 ms each."""
    long = b"Subject: " + b"a" * 100_000 + b"\r\n\r\n"
    for script in (
        'require "regex"; if header :regex "subject" "(a+)+$b" { discard; }',
        'if header :matches "subject" "' + "*a" * 50 + '*b" { discard; }',
        'if header :matches "subject" "' + "*?a" * 50 + '*b" { discard; }',
    ):
        ready = compiled(script)
        assert ready is not None
        began = time.process_time()
        result = outcome(script, long)
        assert time.process_time() - began < 0.1
        assert result.error is None
        assert len(result.actions) == 1
