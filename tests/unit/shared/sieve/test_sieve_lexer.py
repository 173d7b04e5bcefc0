"""Tokens and their places (RFC 5228 sections 2 and 8.1)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError, SyntaxProblem
from shared.sieve.lexer import Kind, Source, tokens
from tests.support.sieve import compiled, outcome


def _read(script: str) -> list[tuple[Kind, int | str]]:
    return [
        (token.kind, token.number if token.kind is Kind.NUMBER else token.text)
        for token in tokens(Source(script.encode()))
    ][:-1]


def test_words_and_tags_know_no_case() -> None:
    assert _read("Keep :IS x_1") == [(Kind.WORD, "keep"), (Kind.TAG, "is"), (Kind.WORD, "x_1")]


def test_numbers_take_quantifiers_of_powers_of_two() -> None:
    assert [value for _, value in _read("1 2K 3m 1G")] == [1, 2048, 3 << 20, 1 << 30]


def test_a_backslash_before_any_character_stands_for_that_character() -> None:
    assert _read(r'"a\"b\\c\d"') == [(Kind.STRING, 'a"bcd'.replace("bc", "b\\c"))]


def test_a_quoted_string_may_go_over_lines() -> None:
    assert _read('"a\r\nb"') == [(Kind.STRING, "a\r\nb")]


def test_a_text_ends_with_a_lone_dot_and_loses_stuffed_ones() -> None:
    assert _read("text: # comment\r\none\r\n..two\r\n.three\r\n.\r\n;") == [
        (Kind.STRING, "one\r\n.two\r\nthree\r\n"),
        (Kind.MARK, ";"),
    ]


def test_comments_of_both_kinds_are_white_space() -> None:
    assert _read("keep # a ; b\n/* c\n * d */;") == [(Kind.WORD, "keep"), (Kind.MARK, ";")]


@pytest.mark.parametrize(
    ("script", "line", "column"),
    [
        ("keep;\r\n  %", 2, 3),
        ('keep;\n"abc', 2, 1),
        ("/* never", 1, 1),
        ("keep;\ntext:\nabc\n", 2, 1),
        ("12abc;", 1, 1),
        ("99999999999999999999;", 1, 1),
        ("keep;\n\nkeep", 3, 5),
        ("if true {", 1, 10),
        ("keep)", 1, 5),
        ('redirect ["a", ];', 1, 16),
    ],
)
def test_an_error_names_line_and_column(script: str, line: int, column: int) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        compiled(script)
    assert (caught.value.place.line, caught.value.place.column) == (line, column)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")


def test_a_script_is_utf_8_without_nul() -> None:
    for octets in (b"keep; # \xff", b"keep;\0"):
        with pytest.raises(SieveError):
            Source(octets)


def test_an_empty_script_keeps() -> None:
    assert len(outcome("").actions) == 1
    assert len(outcome("# nothing\r\n").actions) == 1
