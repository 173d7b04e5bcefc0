""":mime, :anychild and their options: RFC 5703 section 4."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript
from tests.support.sieve import compiled, holds
from tests.unit.shared.sieve.test_sieve_foreverypart import NESTED

LETTER = (
    b"From: ann@example.org\r\nContent-Type: multipart/mixed; boundary=a\r\nX-Top: yes\r\n\r\n"
    b'--a\r\nContent-Type: Text/HTML; charset="UTF-8"\r\nX-Part: one\r\n\r\n<p>\r\n'
    b"--a\r\nContent-Type: application/octet-stream; name*=utf-8''b%C3%A4r.exe\r\n"
    b'Content-Disposition: ATTACHMENT; filename="a b.exe"\r\nX-Part: two\r\n\r\nMZ\r\n'
    b"--a\r\nContent-Type: message/rfc822\r\n\r\nFrom: inner@far.example\r\nX-Inner: yes\r\n\r\nhi\r\n--a--\r\n"
)


def is_true(test: str, *more: str) -> bool:
    return holds(test, "mime", *more, letter=LETTER)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('header :mime "x-top" "yes"', True),  # outside of a loop: the message's own fields
        ('header :mime "x-part" "one"', False),
        ('header :mime :anychild "x-part" "two"', True),
        ('header :mime :anychild "x-inner" "yes"', True),
        ('header :mime :anychild :type "content-type" "text"', True),
        ('header :mime :anychild :subtype "content-type" "html"', True),
        ('header :mime :anychild :contenttype "content-type" "text/html"', True),
        ('header :mime :anychild :contenttype "content-type" "image/png"', False),
        ('header :mime :type "content-type" "multipart"', True),
        ('header :mime :anychild :param "charset" "content-type" "utf-8"', True),
        ('header :mime :anychild :param ["size", "filename"] "content-disposition" "a b.exe"', True),
        ('header :mime :anychild :param "name" :contains "content-type" "b\u00e4r"', True),
        ('header :mime :anychild :param "none" :contains "content-type" ""', False),
        ('header :mime :anychild :type "content-disposition" "attachment"', True),
        ('header :mime :anychild :subtype "content-disposition" ""', True),
        ('exists :mime "x-part"', False),
        ('exists :mime :anychild ["x-part", "x-inner"]', True),
        ('exists :mime :anychild ["x-part", "x-none"]', False),
        ('address :mime "from" "ann@example.org"', True),
        ('address :mime :domain "from" "far.example"', False),
        ('address :mime :anychild :domain "from" "far.example"', True),
    ],
)
def test_fields_of_parts(test: str, expected: bool) -> None:
    assert is_true(test) is expected


def test_counts_and_patterns_work_as_everywhere() -> None:
    counted = 'header :mime :anychild :count "eq" :comparator "i;ascii-numeric" "x-part" "2"'
    assert is_true(counted, "relational", "comparator-i;ascii-numeric")
    assert is_true('header :mime :anychild :matches :param "filename" "content-disposition" "*.exe"')


def test_index_chooses_among_the_fields_found() -> None:
    assert is_true('header :index 2 :mime :anychild "x-part" "two"', "index")
    assert is_true('header :index 1 :last :mime :anychild "x-part" "two"', "index")


def test_in_a_loop_it_is_the_part_at_hand() -> None:
    before = 'foreverypart { if header :mime :contenttype "content-type" "text/html" {'
    for test, expected in (("not exists :mime {}", True), ("exists :mime :anychild {}", False)):
        script = f"{before} if {test.format(chr(34) + 'subject' + chr(34))} {{ discard; stop; }} }} }}"
        assert holds("false", "mime", "foreverypart", letter=NESTED, before=script) is expected


@pytest.mark.parametrize(
    "test",
    [
        'header :anychild "subject" "x"',
        'header :type "content-type" "text"',
        'header :mime :type :subtype "content-type" "text"',
        'exists :mime :type "content-type"',
        'envelope :mime "from" "x"',
    ],
)
def test_tags_that_do_not_belong_together_are_refused(test: str) -> None:
    with pytest.raises(InvalidScript):
        compiled(f'require ["mime", "envelope"]; if {test} {{ keep; }}')


def test_mime_must_be_required() -> None:
    with pytest.raises(InvalidScript, match="mime"):
        compiled('if header :mime "subject" "x" { keep; }')
