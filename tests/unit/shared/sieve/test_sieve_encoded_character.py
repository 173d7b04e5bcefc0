"""encoded-character (RFC 5228 section 2.4.2.4)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


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


def test_out_of_range_counts_only_where_the_syntax_is_right() -> None:
    """Section 2.4.2.4: no error for what is no sequence at all."""
    letter = b"Subject: ${unicode: 110000\r\n\r\n"
    assert holds('header "subject" "${unicode: 110000"', "encoded-character", letter=letter)
    assert holds('header "subject" "${ unicode:40}"', "encoded-character", letter=b"Subject: ${ unicode:40}\r\n\r\n")


def test_several_characters_and_octets() -> None:
    assert holds(
        'header "subject" "${hex:47 72 c3 bc}${unicode:00df}e"',
        "encoded-character",
        letter="Subject: Gr\u00fc\u00dfe\r\n\r\n".encode(),
    )
