"""variables (RFC 5229)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import LimitExceeded, SieveError
from shared.sieve.limits import Limits
from tests.support.sieve import compiled, holds, outcome


def _is(before: str, text: str, value: str, *more: str) -> bool:
    return holds(f'string :is :comparator "i;octet" "{text}" "{value}"', "variables", *more, before=before)


def test_variables_are_filled_in_and_unknown_ones_are_empty() -> None:
    assert _is('set "a" "x";', "${a}${b}${A}", "xx")


def test_what_is_no_variable_stays() -> None:
    for text in ("$", "${", "${a", "${a-b}", "$a", "&%${}!", "${1x}"):
        assert _is("", text, text)


def test_without_require_nothing_is_filled_in() -> None:
    assert holds('header "subject" "${1}"', letter=b"Subject: ${1}\r\n\r\n")


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        ("", "juMBlEd lETteRS"),
        (":length", "15"),
        (":lower", "jumbled letters"),
        (":upperfirst", "JuMBlEd lETteRS"),
        (":upperfirst :lower", "Jumbled letters"),
        (":lower :upperfirst", "Jumbled letters"),
        (":upper :lowerfirst", "jUMBLED LETTERS"),
    ],
)
def test_modifiers_in_the_order_of_their_precedence(tags: str, value: str) -> None:
    assert _is(f'set {tags} "b" "juMBlEd lETteRS";', "${b}", value)


def test_quotewildcard() -> None:
    assert _is('set :quotewildcard "b" "Rock*?\\\\";', "${b}", "Rock\\\\*\\\\?\\\\\\\\")


def test_length_counts_characters() -> None:
    assert _is('set :length "b" "Été";', "${b}", "3")


def test_match_variables_hold_the_shortest_texts_of_the_last_match() -> None:
    before = 'if header :matches "from" "\\"*\\" <*@*>" {} if header :matches "from" "no" {}'
    assert _is(before, "${1}|${2}|${3}|${4}", "Ann, A.|Ann+lists|Example.ORG|")
    assert _is('if string :matches "abcde" "?b*" {}', "${0}|${1}|${2}", "abcde|a|cde")


def test_other_match_types_leave_them_alone() -> None:
    before = 'if string :matches "abc" "a*" {} if string :is "x" "x" {} if string :contains "x" "x" {}'
    assert _is(before, "${1}", "bc")


def test_two_modifiers_of_one_precedence_are_an_error() -> None:
    for script in ('set :lower :upper "a" "b";', 'set :lower :lower "a" "b";', 'set "1" "a";', 'set "a b" "c";'):
        with pytest.raises(SieveError):
            compiled(f'require "variables"; {script}')


def test_string_counts_what_is_not_empty() -> None:
    assert holds('string :count "eq" ["a", "", "${x}"] "1"', "variables", "relational")


def test_values_and_names_are_bounded() -> None:
    doubling = 'set "a" "xxxxxxxx";' + 'set "a" "${a}${a}";' * 30
    assert holds('string :is "${b}" "4096"', "variables", before=doubling + 'set :length "b" "${a}";')
    names = 'require "variables";' + "".join(f'set "a{number}" "x";' for number in range(300))
    assert isinstance(outcome(names).error, LimitExceeded)
    assert outcome(names, limits=Limits(variables=300)).error is None


@pytest.mark.parametrize(
    "script",
    [
        'redirect "${vnd.x}@example.org";',  # section 3: a namespace without its require
        'redirect "${global.x}@example.org";',
        'redirect "${1234567}@example.org";',  # section 6: more match variables than there are
        'set "${a}" "x";',  # section 4: the name is a constant
        'set "a.b" "x";',
        'set "global.a" "x";',
        'set ":a" "x";',
        'set :nonsense "a" "x";',  # section 4.1
    ],
)
def test_what_is_refused_at_once(script: str) -> None:
    with pytest.raises(SieveError):
        compiled(f'require "variables"; {script}')


def test_one_pass_only() -> None:
    """Section 3: what comes out of a variable is not looked at again."""
    assert _is('set "dollar" "$"; set "a" "x"; set :length "n" "${dollar}{a}";', "${n}", "4")


def test_names_are_case_insensitive_and_long_enough() -> None:
    """Sections 3 and 6: 32 characters at least."""
    name = "a" * 32
    assert _is(f'set "{name.upper()}" "x";', f"${{{name}}}", "x")


def test_128_variables_of_4000_characters() -> None:
    """Section 6."""
    text = "x" * 4_000
    script = f'set "v0" "{text}";' + "".join(f'set "v{number}" "${{v{number - 1}}}";' for number in range(1, 128))
    assert holds(f'string :is "${{v127}}" "{text}"', "variables", before=script)


def test_nine_match_variables() -> None:
    """Section 6."""
    before = 'if string :matches "123456789" "?????????" {}'
    assert _is(before, "${9}${8}${7}${6}${5}${4}${3}${2}${1}", "987654321")


def test_values_are_those_of_the_moment() -> None:
    """Section 3: an earlier string keeps what it had."""
    assert _is('set "a" "1"; set "b" "${a}"; set "a" "2";', "${b}", "1")


def test_tests_run_from_left_to_right_and_no_further_than_needed() -> None:
    """Section 3.2."""
    before = 'if anyof(string :matches "x" "?", string :matches "yy" "?*") {}'
    assert _is(before, "${0}", "x")
    before = 'if allof(string :matches "x" "?", false, string :matches "yy" "?*") {}'
    assert _is(before, "${0}", "x")


def test_a_match_that_fails_leaves_the_variables() -> None:
    """Section 3.2."""
    assert _is('if string :matches "ab" "?b" {} if string :matches "zz" "?b" {}', "${1}", "a")


def test_string_strips_nothing() -> None:
    """Section 5."""
    assert holds('string " a " " a "', "variables")
    assert not holds('string " a " "a"', "variables")
