"""Messages made to hurt (ABUSE_CASES, section F): bounded, linear, and never an exception.

Bounds are generous, since machines differ; growth is measured on the size doubled.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from shared.mail.charsets import codecs
from shared.mail.encoded_words import decode_words
from shared.mail.html_text import html_to_text
from shared.mail.limits import DEFAULT
from shared.mail.parts import leaves, unpack
from shared.mail.summary import Summary, SummaryScanner, summarise
from shared.mail.text import decode_body, part_text
from shared.mail.transfer import KNOWN

FRAME = 1_000_000 - 256 * 1024  # octets that a bus frame leaves beside an inline body


def seconds(work: Callable[[], object]) -> float:
    """Processor time of the quickest of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def linear(
    make: Callable[[int], bytes], size: int, bound: float, work: Callable[[bytes], object] = summarise
) -> None:
    """``work`` stays below ``bound`` seconds, and twice the size costs about twice the time."""
    once, twice = make(size), make(2 * size)
    first, second = seconds(lambda: work(once)), seconds(lambda: work(twice))
    assert first < bound
    assert second < 2.3 * first + 0.02


def repeated(piece: bytes, before: bytes = b"", behind: bytes = b"") -> Callable[[int], bytes]:
    """Octets with as many pieces as asked for."""
    return lambda count: before + piece * count + behind


def carried(summary: Summary) -> None:
    """The summary fits the bus beside an inline body and 1,000 recipients."""
    assert sum(map(len, (summary.envelope, summary.body_structure, summary.parts))) < FRAME - 64 * 1024


def nest(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))


def test_case_51_deep_multipart() -> None:
    linear(nest, 1_000, 0.2)
    summary = summarise(nest(1_000))
    assert len(unpack(summary.parts)) <= DEFAULT.depth + 1
    carried(summary)


def test_case_51_many_parts() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    linear(lambda count: head + b"--b\r\n\r\nx\r\n" * count, 100_000, 1.0)
    summary = summarise(head + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n")
    assert len(unpack(summary.parts)) <= DEFAULT.parts
    carried(summary)


def test_case_51_many_parts_with_large_headers() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b"--b\r\nContent-Type: text/plain; name=" + b"n" * 60_000 + b"\r\n\r\n"
    linear(lambda count: head + part * count, 200, 1.0)
    carried(summarise(head + part * 400))


@pytest.mark.parametrize("boundary", [b"", b'""', b"x" * 2_000, b'"' + b"x y" * 700 + b'"'])
def test_case_51_missing_and_huge_boundaries(boundary: bytes) -> None:
    octets = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n--" + boundary + b"\r\n\r\nhello\r\n"
    summary = summarise(octets)
    assert len(unpack(summary.parts)) == 2
    assert summary.body_structure.endswith(b"NIL NIL NIL)")


def test_case_51_lines_that_are_almost_boundaries() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    linear(lambda count: head + b"--bb\n" * count, 500_000, 1.0)
    linear(lambda count: head + b"--b\r\nA" + b"\n--bb" * count, 500_000, 1.0)


def test_case_51_parts_without_the_end_of_their_header() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    linear(lambda count: head + b"--b\r\nA: b\r\n" * count, 50_000, 1.0)
    linear(lambda count: head + b"--b\nA: b\n" * count, 50_000, 1.0)


def test_case_51_multiparts_opened_and_closed() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    inner = b"--b\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n\r\n--%s--\r\n" % ((b"c" * 900,) * 3)
    linear(lambda count: head + inner * count, 2_000, 1.0)


def test_case_52_messages_in_messages() -> None:
    linear(lambda depth: b"Content-Type: message/rfc822\r\n\r\n" * depth, 5_000, 0.5)
    linear(lambda depth: b"Content-Type: message/rfc822\r\n" * depth, 5_000, 0.5)
    chain = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n" * 3_000
    assert summarise(chain).size == len(chain)


def test_case_53_header_lines() -> None:
    linear(lambda count: b"A: b\r\n" * count + b"\r\nbody", 500_000, 1.0)
    linear(lambda count: b":\n" * count + b"\nbody", 500_000, 1.0)
    linear(lambda count: b"Subject: a\r\n" + b" b\r\n" * count + b"\r\nbody", 500_000, 1.0)
    octets = b"A: b\r\n" * 500_000 + b"\r\nbody"
    assert summarise(octets).header_size == len(octets) - 4


def test_case_53_addresses() -> None:
    linear(lambda count: b"".join(b"To: a%d@example.org\r\n" % n for n in range(count)) + b"\r\n", 100_000, 1.0)
    for entry in (b"a@example.org, ", b'"A, B" <a@example.org>, ', b"g: a@b;, ", b"(((", b'"', b"<a@b> ", b"\\,"):
        linear(repeated(entry, b"To: ", b"\r\n\r\n"), 30_000, 1.0)
    summary = summarise(b"From: " + b"a@example.org, " * 100_000 + b"\r\nTo: " + b"b@c," * 100_000 + b"\r\n\r\n")
    assert len(summary.envelope) <= DEFAULT.envelope
    carried(summary)


def test_case_53_continued_parameters() -> None:
    def content_type(count: int) -> bytes:
        return b"Content-Type: a/b" + b"".join(b"; n*%d=%d" % (n, n) for n in range(count)) + b"\r\n\r\n"

    linear(content_type, 4_000, 0.2)
    linear(lambda count: b'Content-Type: a/b; n="' + b"\\" * count + b"\r\n\r\n", 500_000, 0.5)
    linear(lambda count: b"Content-Type: a/b; " + b"(" * count + b"\r\n\r\n", 500_000, 0.5)


def test_case_53_encoded_words() -> None:
    for word in (b"=?utf-8?q?a?= ", b"=?utf-8?b?w6Q=?=", b"=?", b"=?a?q?", b"=?utf-8?q?" + b"=" * 60):
        linear(repeated(word), 500_000 // len(word), 1.0, decode_words)
    octets = b"Subject: " + b"=?utf-8?q?=C3=A4?= " * 50_000 + b"\r\n\r\n"
    assert summarise(octets).subject.startswith("ää")


def test_case_53_markup() -> None:
    for piece in ("<", "<a", "<!--", "<script>", "</script", "&#1", "<style><", "a"):
        linear(
            repeated(piece.encode()),
            100_000,
            1.0,
            lambda octets: html_to_text(octets.decode()),
        )
    assert html_to_text("&#" + "9" * 5_000 + ";").startswith("&#99")


def test_case_54_trick_charsets_and_encodings_are_harmless() -> None:
    names = [
        "idna",
        "punycode",
        "unicode_escape",
        "zlib",
        "hex",
        "rot13",
        "utf-7",
        "undefined",
        "x" * 10_000,
        "\0",
        "é",
    ]
    octets = bytes(range(256)) * 3 + b"+2AA-\xd8\x00\\u0041=?x?="
    for charset in [*names, *codecs()]:
        for encoding in [*KNOWN, "x-uuencode", "BASE64"]:
            text = decode_body(octets, encoding, charset)
            assert "\0" not in text
            text.encode("utf-8")


def test_case_54_nuls_and_eight_bit_headers_leave_the_octets_alone() -> None:
    octets = (
        b"From: \xff\0<\xe4@\0>\r\nSubject: \0\xfe\r\nContent-Type: text/plain; charset=\xff\0\r\n\r\n\0\xffbody\r\n"
    )
    summary = summarise(octets)
    assert b"\0" not in summary.envelope + summary.body_structure
    (part,) = leaves(summary.parts)
    assert part_text(octets, part).endswith("ÿbody\r\n")


def test_large_attachment_is_fast_and_is_not_kept() -> None:
    line = b"QUJD" * 19 + b"\r\n"
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: a/b\r\n\r\n"
    octets = head + line * 200_000 + b"--b--\r\n"

    def piecewise() -> Summary:
        scanner = SummaryScanner()
        for start in range(0, len(octets), 65_536):
            scanner.feed(octets[start : start + 65_536])
        return scanner.finish()

    assert piecewise() == summarise(octets)
    assert seconds(piecewise) < len(octets) / 150e6
