"""The one parse of a letter, against the standard library and against itself in pieces."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.parts import Kind, Part, children, find, section, unpack
from shared.mail.summary import Summary, SummaryScanner, summarise
from tests.support.letters import ALMOST_LETTERS, LETTERS


def fed(octets: bytes, cuts: list[int]) -> Summary:
    scanner = SummaryScanner()
    start = 0
    for cut in sorted({min(cut, len(octets)) for cut in cuts}):
        scanner.feed(octets[start:cut])
        start = cut
    scanner.feed(octets[start:])
    return scanner.finish()


@given(LETTERS | ALMOST_LETTERS, st.lists(st.integers(0, 2_000), max_size=20))
def test_any_split_gives_the_same_summary(octets: bytes, cuts: list[int]) -> None:
    assert fed(octets, cuts) == summarise(octets)


@given(LETTERS | ALMOST_LETTERS)
def test_octet_by_octet_gives_the_same_summary(octets: bytes) -> None:
    assert fed(octets, list(range(len(octets)))) == summarise(octets)


@given(ALMOST_LETTERS | st.binary(max_size=400))
def test_no_octets_raise_and_all_texts_can_travel(octets: bytes) -> None:
    summary = summarise(octets)
    assert summary.size == len(octets)
    assert 0 <= summary.header_size <= summary.size
    for text in (summary.preview, summary.subject, summary.sender, summary.message_id):
        assert "\0" not in text
        text.encode("utf-8")
    assert b"\0" not in summary.envelope + summary.body_structure


@given(ALMOST_LETTERS | LETTERS)
def test_parts_lie_inside_one_another_and_in_order(octets: bytes) -> None:
    nodes = unpack(summarise(octets).parts)
    assert nodes[0].below == len(nodes) - 1
    for node in nodes:
        part, start = node.part, node.part.body_start
        assert 0 <= part.header_start <= part.body_start <= part.end <= len(octets)
        for child in children(nodes, node):
            assert start <= child.part.header_start
            assert child.part.end <= part.end
            start = child.part.end
        assert (node.below > 0) is (part.kind is not Kind.LEAF)


def agree(octets: bytes, part: Part | None, path: tuple[int, ...], parts: bytes, other: Message) -> None:
    """One entity as we and as the standard library see it, and all below it."""
    assert part is not None, path
    assert f"{part.type}/{part.subtype}" == other.get_content_type()
    body = octets[part.body_start : part.end]
    if part.kind is Kind.LEAF:
        payload = other.get_payload()
        assert isinstance(payload, str)
        assert body == payload.encode("ascii", "surrogateescape"), path
        return
    inner = other.get_payload()
    assert isinstance(inner, list)
    if part.kind is Kind.MULTIPART:
        for number, child in enumerate(inner, 1):
            agree(octets, find(parts, (*path, number)), (*path, number), parts, child)
        assert find(parts, (*path, len(inner) + 1)) is None
        return
    nested = inner[0]
    assert isinstance(nested, Message)
    span = section(parts, path, "HEADER")
    assert span is not None
    assert message_from_bytes(octets[slice(*span)]).items() == nested.items()
    if nested.get_content_maintype() == "multipart":
        for number, child in enumerate(nested.get_payload(), 1):
            assert isinstance(child, Message)
            agree(octets, find(parts, (*path, number)), (*path, number), parts, child)
    else:
        agree(octets, find(parts, (*path, 1)), (*path, 1), parts, nested)


@given(LETTERS)
def test_structure_agrees_with_the_standard_library(octets: bytes) -> None:
    summary = summarise(octets)
    other = message_from_bytes(octets)
    if other.get_content_maintype() == "multipart":
        agree(octets, find(summary.parts, ()), (), summary.parts, other)
    else:
        agree(octets, find(summary.parts, (1,)), (1,), summary.parts, other)


@given(LETTERS)
def test_header_and_text_are_the_whole(octets: bytes) -> None:
    summary = summarise(octets)
    header, text = section(summary.parts, (), "HEADER"), section(summary.parts, (), "TEXT")
    assert header == (0, summary.header_size)
    assert text == (summary.header_size, len(octets))
    assert octets[: summary.header_size].endswith(b"\r\n\r\n")


def test_fields_for_lists_are_decoded() -> None:
    summary = summarise(
        b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?q?!?=\r\n"
        b"Message-ID: <1@x>\r\nDate: Tue, 15 Jul 2025 09:30:00 +0200\r\n\r\n  Good\r\n\tday \r\n"
    )
    assert summary.subject == "Grüße!"
    assert summary.sender == "joerg@example.org"
    assert summary.message_id == "<1@x>"
    assert summary.date == 1752564600
    assert summary.preview == "Good day"


def test_preview_reads_encodings_prefers_plain_text_and_is_short() -> None:
    html = b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Fish &amp; <b>chips</b></p>\r\n"
    plain = b"Content-Type: text/plain; charset=iso-8859-1\r\n"
    plain += b"Content-Transfer-Encoding: quoted-printable\r\n\r\nf=FCr\r\n"
    head = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
    assert summarise(html).preview == "Fish & chips"
    assert summarise(head + html + b"--b\r\n" + plain + b"--b--\r\n").preview == "für"
    long = summarise(b"\r\n" + b"word " * 1000).preview
    assert len(long) in (199, 200)
    attached = b"Content-Disposition: attachment\r\n\r\nsecret\r\n"
    assert summarise(attached).preview == ""


def test_empty_message_and_message_without_body() -> None:
    assert (
        summarise(b"").body_structure == b'("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" 0 0 NIL NIL NIL NIL)'
    )
    summary = summarise(b"Subject: x\r\n")
    assert (summary.header_size, summary.size) == (12, 12)
    assert summarise(b"\r\nbody").header_size == 2
    assert summarise(b"\nbody").header_size == 1
