"""variables (RFC 5229) and encoded-character (RFC 5228 section 2.4.2.4)."""

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
    ("text", "value"),
    [
        ("$${hex:40}", "$@"),
        ("${hex: 40 }", "@"),
        ("${HEX: 40}", "@"),
        ("${hex:40", "${hex:40"),
        ("${hex:400}", "${hex:400}"),
        ("${hex:4${hex:30}}", "${hex:40}"),
        ("${unicode:40}", "@"),
        ("${unicode: 20ac 40}", "€@"),
        ("${Unicode:Cool}", "${Unicode:Cool}"),
        ("${unicode:200000000}", "${unicode:200000000}"),
    ],
)
def test_encoded_characters(text: str, value: str) -> None:
    letter = b"Subject: " + value.encode() + b"\r\n\r\n"
    assert holds(f'header :is :comparator "i;octet" "subject" "{text}"', "encoded-character", letter=letter)


def test_characters_outside_of_unicode_are_an_error() -> None:
    for code in ("d800", "110000"):
        with pytest.raises(SieveError):
            compiled(f'require "encoded-character"; if header "a" "${{unicode:{code}}}" {{ keep; }}')
