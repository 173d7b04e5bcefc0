from __future__ import annotations

import pytest

from services.storage.search.candidate import Candidate
from services.storage.search.leaves import compile_leaf
from shared.contracts.errors import Code, Refused
from shared.contracts.search import Field, Leaf
from shared.mail.fold import fold
from shared.mail.summary import summarise

LETTER = (
    b"Delivered-To: bob@example.org\r\n"
    b"Subject: =?utf-8?q?Caf=C3=A9?= at\r\n nine\r\n"
    b"From: Ann <ann@example.org>\r\n"
    b"X-Empty:\r\n"
    b"Date: Fri, 21 Nov 1997 23:55:06 -0600\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n"
    b"\r\n"
    b"--b\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"Stra=DFe in M=FCnchen\r\n"
    b"--b\r\n"
    b"Content-Type: text/html\r\n"
    b"\r\n"
    b"<p>Hidden <b>tag</b></p>\r\n"
    b"--b\r\n"
    b"Content-Type: application/octet-stream\r\n"
    b"\r\n"
    b"binary\r\n"
    b"--b\r\n"
    b"Content-Type: message/rfc822\r\n"
    b"\r\n"
    b"Subject: Inner words\r\n"
    b"\r\n"
    b"inner body\r\n"
    b"--b--\r\n"
)


def candidate(octets: bytes = LETTER) -> Candidate:
    summary = summarise(octets)
    return Candidate(octets[: summary.header_size], summary.parts, summary.date, lambda start, end: octets[start:end])


def found(field: Field, text: str, name: str = "") -> bool:
    return compile_leaf(Leaf(field, name, text))(candidate())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("subject", "CAFÉ AT nine", True),
        ("Subject", "cafe\u0301", True),
        ("subject", "tea", False),
        ("x-empty", "", True),
        ("x-missing", "", False),
        ("from", "ann@EXAMPLE", True),
    ],
)
def test_header_fields(name: str, text: str, expected: bool) -> None:
    assert found(Field.HEADER, text, name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STRASSE", True),
        ("münchen", True),
        ("hidden tag", True),
        ("<b>", False),
        ("binary", False),
        ("inner WORDS", False),
        ("octet-stream", True),
        ("content-type", False),
        ("inner body", True),
        ("ann@example.org", False),
    ],
)
def test_body(text: str, expected: bool) -> None:
    assert found(Field.BODY, text) is expected


def test_text_is_header_or_body() -> None:
    assert found(Field.TEXT, "ann@example.org")
    assert found(Field.TEXT, "subject: café")
    assert found(Field.TEXT, "inner body")
    assert found(Field.TEXT, "inner WORDS")
    assert not found(Field.TEXT, "nowhere")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=10186", True), ("=10187", False), ("<10187", True), ("<10186", False), (">=10186", True), (">=10187", False)],
)
def test_sent_disregards_time_and_zone(text: str, expected: bool) -> None:
    assert found(Field.SENT, text) is expected


@pytest.mark.parametrize("octets", [b"Subject: x\r\n\r\n", b"Date: never\r\n\r\n"])
def test_a_message_without_a_date_is_never_sent(octets: bytes) -> None:
    for text in ("<99999", ">=0", "=0"):
        assert not compile_leaf(Leaf(Field.SENT, "", text))(candidate(octets))


@pytest.mark.parametrize("text", ["", "10186", "=x", ">5"])
def test_broken_comparisons_are_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        compile_leaf(Leaf(Field.SENT, "", text))
    assert caught.value.code is Code.MALFORMED


def test_folding_ignores_case_and_composition() -> None:
    assert fold("Å") == fold("A\u030a") == fold("å")
    assert fold("ΣΊΣΥΦΟΣ") == fold("σίσυφος")
    assert fold("MIXED case") == "mixed case"
