"""body (RFC 5173)."""

from __future__ import annotations

import pytest

from tests.support.sieve import LETTER, holds

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
