"""Comparators, relational (RFC 5231), regex, and ``:matches`` in linear time."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sieve.comparators import ASCII_NUMERIC, UNICODE_CASEMAP
from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.wildcard import Wildcard
from tests.support.sieve import compiled, holds, outcome

NUMERIC = ("relational", "comparator-i;ascii-numeric")


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('header :value "gt" :comparator "i;ascii-numeric" "x-number" "9"', True),
        ('header :value "gt" "x-number" "9"', False),
        ('header :value "lt" :comparator "i;ascii-numeric" "x-number" "none"', True),
        ('header :value "eq" :comparator "i;ascii-numeric" "x-number" "010"', True),
        ('header :value "ne" :comparator "i;ascii-numeric" "x-number" "10"', False),
        ('header :value "le" :comparator "i;ascii-numeric" "x-number" ["1", "10"]', True),
        ('header :is :comparator "i;ascii-numeric" "x-number" "10 pears"', True),
        ('header :count "eq" "received" "2"', True),
        ('header :count "ge" ["received", "subject"] "3"', True),
        ('header :count "eq" "x-none" "0"', True),
        ('address :count "eq" ["to", "cc"] "4"', True),
    ],
)
def test_relations(test: str, is_true: bool) -> None:
    assert holds(test, *NUMERIC) is is_true


def test_numbers_that_are_none_are_infinite_and_equal() -> None:
    assert ASCII_NUMERIC.fold("abc") == ASCII_NUMERIC.fold("") > ASCII_NUMERIC.fold("9" * 100)


def test_unknown_relations_are_refused() -> None:
    with pytest.raises(SieveError):
        compiled('require "relational"; if header :value "xx" "a" "b" { keep; }')


def test_unicode_casemap_folds_letters_and_composition() -> None:
    fold = UNICODE_CASEMAP.fold
    assert fold("ÄRGER") == fold("a\u0308rger")
    name = "comparator-i;unicode-casemap"
    assert holds('header :contains :comparator "i;unicode-casemap" "subject" "GRÜ"', name)
    with pytest.raises(SieveError):
        compiled('if header :comparator "i;unicode-casemap" "a" "b" { keep; }')


def test_regular_expressions() -> None:
    assert holds('header :regex "subject" "^gr.*\\\\s(FROM|to)"', "regex")
    assert not holds('header :regex :comparator "i;octet" "subject" "FROM"', "regex")
    assert holds('string "${1}-${2}" "Ann, A.-ann+lists"', "regex", "variables", before=MATCH)
    with pytest.raises(SieveError):
        compiled('require "regex"; if header :regex "a" "(" { keep; }')
    broken = 'require ["regex", "variables"]; set "a" "("; if header :regex "subject" "${a}" { discard; }'
    assert isinstance(outcome(broken).error, RunProblem)


MATCH = 'if header :regex "from" "\\"(.*)\\" <([^@]*)@" {}'


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
        began = time.perf_counter()
        result = outcome(script, long)
        assert time.perf_counter() - began < 0.1
        assert result.error is None
        assert len(result.actions) == 1
