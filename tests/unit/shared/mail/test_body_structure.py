"""BODYSTRUCTURE and BODY, and the octets that their part numbers mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from shared.mail.parts import section
from shared.mail.structure import render_body
from shared.mail.summary import summarise
from tests.support.letters import ALMOST_LETTERS, LETTERS
from tests.unit.shared.mail.test_envelope import read

NESTED = b"""From: ann@example.org
Content-Type: multipart/mixed; boundary="out er"

preamble
--out er
Content-Type: text/html; name=a.html
Content-Language: en, de
Content-Location: http://example.org/
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Description: a page
Content-ID: <1@x>

<p>
--out er  \t
Content-Type: message/rfc822
Content-Disposition: attachment; filename=old.eml

Subject: inner
Content-Type: multipart/digest; boundary=in

--in

Subject: digested

text
--in--
after
--out er--
epilogue
""".replace(b"\n", b"\r\n")


def structure(octets: bytes) -> bytes:
    return summarise(octets.replace(b"\n", b"\r\n") if b"\r" not in octets else octets).body_structure


def test_extension_data_and_nesting() -> None:
    assert structure(NESTED) == (
        b'(("TEXT" "HTML" ("charset" "US-ASCII" "name" "a.html") "<1@x>" "a page" "7BIT" 3 0'
        b' "Q2hlY2sgSW50ZWdyaXR5IQ==" NIL ("en" "de") "http://example.org/")'
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 111 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL)'
        b' (("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 25 (NIL "digested" NIL NIL NIL NIL NIL NIL NIL NIL)'
        b' ("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" 4 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL)'
        b' "DIGEST" ("boundary" "in") NIL NIL NIL) 9 NIL ("attachment" ("filename" "old.eml")) NIL NIL)'
        b' "MIXED" ("boundary" "out er") NIL NIL NIL)'
    )


def test_body_is_the_same_without_extension_data() -> None:
    assert render_body(structure(NESTED)) == (
        b'(("TEXT" "HTML" ("charset" "US-ASCII" "name" "a.html") "<1@x>" "a page" "7BIT" 3 0)'
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 111 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL)'
        b' (("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 25 (NIL "digested" NIL NIL NIL NIL NIL NIL NIL NIL)'
        b' ("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" 4 0) 2) "DIGEST") 9) "MIXED")'
    )


@given(LETTERS | ALMOST_LETTERS)
def test_body_and_body_structure_are_well_formed_lists(octets: bytes) -> None:
    rendered = summarise(octets).body_structure
    body = render_body(rendered)
    read(rendered)
    read(body)
    assert len(body) < len(rendered)
    assert render_body(body) == body


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ((), "", NESTED),
        ((), "HEADER", NESTED[: NESTED.index(b"preamble")]),
        ((), "TEXT", NESTED[NESTED.index(b"preamble") :]),
        ((1,), "", b"<p>"),
        ((2,), "MIME", b"Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=old.eml\r\n\r\n"),
        ((2,), "HEADER", b"Subject: inner\r\nContent-Type: multipart/digest; boundary=in\r\n\r\n"),
        ((2,), "TEXT", b"--in\r\n\r\nSubject: digested\r\n\r\ntext\r\n--in--\r\nafter"),
        ((2, 1), "MIME", b"\r\n"),
        ((2, 1), "HEADER", b"Subject: digested\r\n\r\n"),
        ((2, 1), "TEXT", b"text"),
        ((2, 1, 1), "", b"text"),
        ((2, 1, 1), "MIME", b"Subject: digested\r\n\r\n"),
        ((1,), "HEADER", None),
        ((1, 1), "", None),
        ((3,), "", None),
        ((0,), "", None),
        ((2, 2), "", None),
        ((), "MIME", None),
    ],
)
def test_sections(path: tuple[int, ...], text: str, expected: bytes | None) -> None:
    span = section(summarise(NESTED).parts, path, text)
    assert (None if span is None else NESTED[slice(*span)]) == expected


def test_message_that_is_no_multipart_has_part_1() -> None:
    octets = b"Subject: x\r\n\r\nbody\r\n"
    parts = summarise(octets).parts
    assert section(parts, (1,)) == (14, 20)
    assert section(parts, (1,), "MIME") == (0, 14)
    assert section(parts, (2,)) is None
    assert section(parts, (1, 1)) is None


def test_message_whose_body_is_a_message() -> None:
    octets = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n"
    parts = summarise(octets).parts
    assert section(parts, (), "HEADER") == (0, 32)
    assert section(parts, (1,), "HEADER") == (32, 50)
    assert section(parts, (1,), "TEXT") == (50, 56)
    assert section(parts, (1, 1)) == (50, 56)


def test_prefix_of_a_copy_belongs_to_its_header_and_shifts_the_rest() -> None:
    octets = b"Subject: x\r\n\r\nbody\r\n"
    parts = summarise(octets).parts
    assert section(parts, (), prefix=100) == (0, 120)
    assert section(parts, (), "HEADER", prefix=100) == (0, 114)
    assert section(parts, (), "TEXT", prefix=100) == (114, 120)
    assert section(parts, (1,), prefix=100) == (114, 120)
    assert section(parts, (1,), "MIME", prefix=100) == (0, 114)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", b'("APPLICATION" "OCTET-STREAM" NIL'),
        (b"text", b'("TEXT" "PLAIN" ("charset" "US-ASCII")'),
        (b"nonsense", b'("APPLICATION" "OCTET-STREAM" NIL'),
        (b"text/", b'("APPLICATION" "OCTET-STREAM" NIL'),
        (b"TEXT / Plain ; charset = UTF-8", b'("TEXT" "PLAIN" ("charset" "UTF-8")'),
        (b'image/png; name="a;b \\"c\\".png"', b'("IMAGE" "PNG" ("name" "a;b \\"c\\".png")'),
        (b"image/png (a picture); name=x (really)", b'("IMAGE" "PNG" ("name" "x")'),
        (b"a/b; x=1; x=2; =3; y", b'("A" "B" ("x" "1")'),
        (b'a/b; name*0=one; name*1=" two"; name*3=no', b'("A" "B" ("name" "one two")'),
        (b"a/b; n*0*=utf-8''%E2%82; n*1*=%AC; n*2=\" 5%\"", b'("A" "B" ("n*" "utf-8\'\'%E2%82%AC 5%25")'),
        (b"a/b; n*=utf-8''%E4", b'("A" "B" ("n*" "utf-8\'\'%E4")'),
        (b"multipart/mixed", b'(("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" 6 1'),
        (b"message/rfc822", b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 6 (NIL'),
    ],
)
def test_content_types_good_and_bad(value: bytes, expected: bytes) -> None:
    assert structure(b"Content-Type: " + value + b"\n\nbody\n").startswith(expected)


def test_boundary_lines_must_be_whole_and_may_come_at_once() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    assert structure(head + b"--b\r\n\r\n--bc\r\n--b--\r\n").count(b'"TEXT"') == 1
    assert structure(head + b"--b\r\n--b\r\n\r\nx\r\n--b--").count(b'"TEXT"') == 2
    assert structure(head + b"--b--\r\n--b\r\n\r\n").count(b'"TEXT"') == 1


def test_equal_boundaries_belong_to_the_innermost() -> None:
    octets = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
    )
    parts = summarise(octets).parts
    assert [octets[slice(*section(parts, path) or ())] for path in ((1, 1), (2,))] == [b"one", b"two"]


def test_structures_of_the_shared_scripts() -> None:
    scripts = Path(__file__).parents[4].parent / "shared" / "conformance" / "imap"
    script = scripts / "FetchStructureEmbedded.test"
    if not script.is_file():
        pytest.skip("the conformance scripts are not here")
    lines = script.read_text().split("\n")
    start = next(number for number, line in enumerate(lines) if "APPEND" in line) + 1
    sent = [line[3:] for line in lines[start:] if line.startswith(("C: ", "C:"))]
    octets = "\r\n".join(sent).encode()[:1767]
    said = next(line for line in lines if line.startswith("S: ") and "BODYSTRUCTURE" in line).replace("\\", "")
    rendered = summarise(octets).body_structure
    assert rendered.decode() in said
    assert render_body(rendered).decode() in said
