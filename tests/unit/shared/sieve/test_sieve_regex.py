"""regex (draft-murchison-sieve-regex), by RE2."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from tests.support.sieve import compiled, holds, outcome

MATCH = 'if header :regex "from" "\\"(.*)\\" <([^@]*)@" {}'


def test_regular_expressions() -> None:
    assert holds('header :regex "subject" "^gr.*\\\\s(FROM|to)"', "regex")
    assert not holds('header :regex :comparator "i;octet" "subject" "FROM"', "regex")
    assert holds('string "${1}-${2}" "Ann, A.-ann+lists"', "regex", "variables", before=MATCH)
    with pytest.raises(SieveError):
        compiled('require "regex"; if header :regex "a" "(" { keep; }')
    broken = 'require ["regex", "variables"]; set "a" "("; if header :regex "subject" "${a}" { discard; }'
    assert isinstance(outcome(broken).error, RunProblem)


def test_a_pattern_may_match_anywhere_unless_it_is_anchored() -> None:
    assert holds('header :regex "subject" "from"', "regex")
    assert not holds('header :regex "subject" "^from"', "regex")
    assert holds('header :regex "subject" "here$"', "regex")


def test_extended_syntax() -> None:
    """POSIX extended: classes, bounds, alternatives, groups."""
    for pattern in ("[[:digit:]]+ a", "^1[0-9]{1,2} ", "(pears|apples)$", "^.{9}$", "10 ?apples"):
        assert holds(f'header :regex "x-number" "{pattern}"', "regex"), pattern
    assert not holds('header :regex "x-number" "^[[:alpha:]]"', "regex")


def test_any_key_and_any_value_will_do() -> None:
    assert holds('header :regex ["x-none", "subject"] ["nothing", "here"]', "regex")


def test_it_serves_every_test_that_compares() -> None:
    assert holds('address :localpart :regex "from" "^ann"', "regex")
    assert holds('envelope :regex "from" "@example[.]org$"', "regex", "envelope")
    assert holds('string :regex "abc" "b"', "regex", "variables")


def test_numbers_cannot_be_matched() -> None:
    with pytest.raises(SieveError):
        compiled(
            'require ["regex", "comparator-i;ascii-numeric"];'
            'if header :regex :comparator "i;ascii-numeric" "a" "1" { keep; }'
        )


def test_it_must_be_required() -> None:
    with pytest.raises(SieveError):
        compiled('if header :regex "a" "b" { keep; }')
