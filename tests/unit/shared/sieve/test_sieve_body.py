"""body (RFC 5173)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from tests.support.sieve import LETTER, compiled, holds

MULTIPART = (
    b"Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    b"prologue\r\n--B\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"R3LDvMOfZSBhdXMgQmVybGlu\r\n"
    b"--B\r\nContent-Type: text/html\r\n\r\n<b>bold</b> move\r\n"
    b"--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n"
    b"--B--\r\nepilogue\r\n"
)


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('body :contains "Grüße aus"', True),
        ('body :text :contains "bold"', True),
        ('body :text :contains "<b>"', False),
        ('body :raw :contains "R3LDvMOf"', True),
        ('body :raw :contains "--B--"', True),
        ('body :raw :contains "Subject: parts"', False),
        ('body :content "text" :contains "Berlin"', True),
        ('body :content "text/html" :contains "<b>"', True),
        ('body :content "text/html" :contains "Berlin"', False),
        ('body :content "" :contains "inner text"', True),
        ('body :content "multipart" :contains "prologue"', True),
        ('body :content "multipart" :contains "epilogue"', True),
        ('body :content "message/rfc822" :contains "Subject: inner"', True),
        ('body :content "message/rfc822" :contains "inner text"', False),
        ('body :content ["image", "/html", "text/"] :contains ""', False),
        ('body :content "text" :count "eq" "3"', True),
    ],
)
def test_transforms(test: str, is_true: bool) -> None:
    assert holds(test, "body", "relational", letter=MULTIPART) is is_true


def test_a_simple_letter() -> None:
    assert holds('body :raw :contains "money fast"', "body")
    assert holds('body :text :matches "Make*"', "body")
    assert not holds('body :contains "grüße"', "body", letter=LETTER)


def test_match_variables_stay() -> None:
    before = 'if string :matches "abc" "a*" {} if body :matches "M*" {}'
    assert holds('string "${1}" "bc"', "body", "variables", before=before)


def test_raw_keeps_transfer_encodings_and_takes_broken_structures() -> None:
    """Section 5.1."""
    broken = MULTIPART.replace(b"--B--", b"--C").replace(b"boundary=B", b"boundary=")
    assert holds('body :raw :contains "R3LDvMOf"', "body", letter=broken)
    assert holds('body :raw :contains "--C"', "body", letter=broken)


def test_content_matches_part_by_part() -> None:
    """Section 5.2: no match crosses parts, and no MIME header of the part is in it."""
    assert not holds('body :content "text" :matches "*Berlin*bold*"', "body", letter=MULTIPART)
    assert not holds('body :content "text" :contains "charset"', "body", letter=MULTIPART)


def test_text_is_the_default() -> None:
    """Section 5."""
    assert holds('allof(body :contains "bold", not body :contains "<b>")', "body", letter=MULTIPART)


def test_an_octet_zero_ends_nothing() -> None:
    """Section 5.2."""
    assert holds('body :raw :contains "after"', "body", letter=b"Subject: x\r\n\r\nbefore\0after\r\n")


def test_transforms_exclude_one_another() -> None:
    with pytest.raises(SieveError):
        compiled('require "body"; if body :raw :text "a" { keep; }')


def test_variables_stand_in_keys_and_types() -> None:
    """Section 6."""
    before = 'set "t" "text/html"; set "k" "move";'
    assert holds('body :content "${t}" :contains "${k}"', "body", "variables", letter=MULTIPART, before=before)
